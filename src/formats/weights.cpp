#include "formats/weights.h"

#include <array>
#include <fmt/ranges.h>
#include <unordered_set>

#include "formats/architecture.h"
#include "formats/name_check.h"
#include "graph/zoo/zoo.h"
#include "tensor/half.h"

namespace ridgeline::formats {
namespace {

constexpr std::string_view kCounter = ".num_batches_tracked";
constexpr std::string_view kStatistics = ".running_var";
/// Names of one kind that a message lists; the others are counted.
constexpr size_t kMostListed = 5;

class Differences {
 public:
  void missing(const std::string& name) { missing_.push_back(name); }
  void unexpected(const std::string& name) { unexpected_.push_back(name); }
  void wrong(const std::string& name, const Tensor& is, const Tensor& wanted) {
    wrong_.push_back(fmt::format("{} is {} of {}, not {} of {}", name, is.shape().to_string(),
                                 name_of(is.dtype()), wanted.shape().to_string(), name_of(wanted.dtype())));
  }

  /// Ok when there are none.
  Status status(const std::string& model) const {
    std::vector<std::string> parts;
    add(parts, "missing", missing_);
    add(parts, "unexpected", unexpected_);
    add(parts, "wrong", wrong_);
    if (parts.empty()) return {};
    return invalid_argument("the weights are not those of {}: {}", model, fmt::join(parts, "; "));
  }

 private:
  static void add(std::vector<std::string>& parts, const char* what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    const size_t listed = std::min(names.size(), kMostListed);
    std::string text =
        fmt::format("{} {}", what, fmt::join(names.begin(), names.begin() + static_cast<long>(listed), ", "));
    if (listed < names.size()) text += fmt::format(" and {} more", names.size() - listed);
    parts.push_back(std::move(text));
  }

  std::vector<std::string> missing_, unexpected_, wrong_;
};

/// Floats of any width are each other's weights; integers must be of the very type.
bool is_same_kind(DType a, DType b) { return a == b || (is_float(a) && is_float(b)); }

/// Bounds of a Clip, and what shapes and slices are told by: parts of a layer's definition, not its weights.
std::unordered_set<std::string_view> constants_of(const Graph& graph) {
  std::unordered_set<std::string_view> constants;
  for (const Node& node : graph.nodes)
    for (const std::string& input : node.inputs)
      if (const Tensor* tensor = graph.initializer(input);
          tensor != nullptr && (node.op == "Clip" || tensor->dtype() == DType::kI64))
        constants.insert(input);
  return constants;
}

constexpr int64_t kUsualImageSize = 224;
/// Told of the file that tensors came from, and untrue or unneeded in a graph.
constexpr std::array kContainerKeys = {"format", kCheckpointModelKey};

Result<zoo::ZooOptions> zoo_options(const Architecture& found, const GraphOptions& asked) {
  zoo::ZooOptions options{.num_classes = found.num_classes, .dynamic_size = asked.dynamic_size};
  if (asked.projection > 0 && found.projection > 0 && asked.projection != found.projection)
    return invalid_argument("the weights hold a projection to {} values: --projection {} can't replace it",
                            found.projection, asked.projection);
  options.projection = std::max(asked.projection, found.projection);
  options.zero_weights = options.projection == found.projection;
  const int64_t told = found.image_size > 0 ? found.image_size : kUsualImageSize;
  options.image_size = asked.image_size > 0 ? asked.image_size : told;
  return options;
}

Result<Graph> filled_graph(const StateDict& weights, const GraphOptions& options) {
  ASSIGN_OR_RETURN(const Architecture found, architecture_of(weights, options.model));
  ASSIGN_OR_RETURN(const zoo::ZooOptions zoo_model, zoo_options(found, options));
  ASSIGN_OR_RETURN(Graph graph, zoo::make(found.model, zoo_model));
  StateDict all = weights;
  if (found.projection == 0 && zoo_model.projection > 0)
    for (const char* name : {"projection.weight", "projection.bias"})
      all.tensors.emplace_back(name, graph.initializers.at(name));
  RETURN_IF_ERROR(load_weights(all, graph));
  graph.metadata = weights.metadata;
  for (const char* key : kContainerKeys) graph.metadata.erase(key);
  graph.metadata[kModelKey] = found.model;
  graph.metadata[kImageSizeKey] = fmt::to_string(zoo_model.image_size);
  return graph;
}

}  // namespace

Status load_weights(const StateDict& weights, Graph& graph) {
  std::map<std::string, Tensor> filled = graph.initializers;
  std::unordered_set<std::string_view> given = constants_of(graph);
  Differences differences;
  for (const auto& [name, tensor] : weights.tensors) {
    const auto place = filled.find(name);
    if (place == filled.end()) {
      if (!name.ends_with(kCounter)) differences.unexpected(name);
      continue;
    }
    given.insert(name);
    const Tensor& wanted = place->second;
    if (tensor.shape() != wanted.shape() || !is_same_kind(tensor.dtype(), wanted.dtype())) {
      differences.wrong(name, tensor, wanted);
    } else if (tensor.dtype() == wanted.dtype()) {
      place->second = tensor;
    } else {
      ASSIGN_OR_RETURN(place->second, convert(tensor, wanted.dtype()));
    }
  }
  for (const auto& [name, tensor] : filled)
    if (!given.contains(name)) differences.missing(name);
  RETURN_IF_ERROR(differences.status(graph.name));
  graph.initializers = std::move(filled);
  return {};
}

StateDict weights_of(const Graph& graph) {
  StateDict weights;
  weights.metadata = graph.metadata;
  std::unordered_set<std::string_view> listed = constants_of(graph);
  const auto list = [&](const std::string& name) {
    const Tensor* tensor = graph.initializer(name);
    if (tensor != nullptr && listed.insert(name).second) weights.tensors.emplace_back(name, *tensor);
  };
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) list(input);
    if (node.op != "BatchNormalization" || !node.has_input(4)) continue;
    const std::string& variance = node.inputs[4];
    if (!variance.ends_with(kStatistics)) continue;
    const std::string counter = variance.substr(0, variance.size() - kStatistics.size()).append(kCounter);
    Result<Tensor> zero = Tensor::zeros(DType::kI64, Shape{});
    if (zero.ok()) weights.tensors.emplace_back(counter, std::move(*zero));
  }
  for (const auto& [name, tensor] : graph.initializers) list(name);
  return weights;
}

Result<Graph> graph_of(const StateDict& weights, std::string_view what, const GraphOptions& options) {
  Result<Graph> graph = filled_graph(weights, options);
  if (graph.ok()) return graph;
  return std::move(graph).status().with_context(printable(what));
}

}  // namespace ridgeline::formats
