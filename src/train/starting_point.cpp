#include "train/starting_point.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "base/rng.h"
#include "formats/hugging_face.h"
#include "formats/weights.h"
#include "graph/zoo/zoo.h"
#include "vision/contract.h"
#include "vision/peer_recipes.h"

namespace ridgeline::train {
namespace {

void fill(Graph& graph, const std::string& name, const auto& draw) {
  const Tensor& old = graph.initializers.at(name);
  Tensor fresh = *Tensor::zeros(DType::kF32, old.shape());
  for (float& element : fresh.as<float>()) element = static_cast<float>(draw());
  graph.initializers[name] = std::move(fresh);
}

bool is_norm(const Node& node) { return node.op == "BatchNormalization"; }
bool has_weights(const Node& node) { return node.op == "Conv" || node.op == "Gemm"; }

void draw_norm(Graph& graph, const Node& node) {
  for (size_t i = 1; i <= 4; ++i) fill(graph, node.inputs[i], [&] { return i == 1 || i == 4 ? 1 : 0; });
}

void draw_weights(Graph& graph, const Node& node, Rng& rng) {
  const Shape shape = graph.initializers.at(node.inputs[1]).shape();
  const auto out = static_cast<double>(shape[0]);
  const auto elements = static_cast<double>(shape.element_count());
  const double fan_in = elements / out;
  const double limit = 1 / std::sqrt(fan_in);
  const auto uniform = [&] { return limit * (2 * rng.uniform() - 1); };
  if (node.op == "Conv") {
    const double fan_out = elements / static_cast<double>(shape[1]);
    const double deviation = std::sqrt(2 / fan_out);
    fill(graph, node.inputs[1], [&] { return deviation * rng.normal(); });
  } else {
    fill(graph, node.inputs[1], uniform);
  }
  if (node.has_input(2)) fill(graph, node.inputs[2], uniform);
}

/// The last linear layer: its weights and its bias have a row per class.
std::vector<std::string> head_of(const Graph& graph) {
  const auto last = std::find_if(graph.nodes.rbegin(), graph.nodes.rend(),
                                 [](const Node& node) { return node.op == "Gemm"; });
  if (last == graph.nodes.rend()) return {};
  return {last->inputs.begin() + 1, last->inputs.end()};
}

/// Keeps the head of `graph` where that of `weights` has another number of classes.
void keep_fresh_head(const Graph& graph, formats::StateDict& weights, StartingPoint& start,
                     const std::string& path) {
  const std::vector<std::string> head = head_of(graph);
  int64_t theirs = 0;
  for (auto& [name, tensor] : weights.tensors) {
    if (std::find(head.begin(), head.end(), name) == head.end()) continue;
    const Tensor& fresh = *graph.initializer(name);
    const bool is_another_width = tensor.shape().rank() == fresh.shape().rank() && fresh.shape().rank() > 0 &&
                                  tensor.shape()[0] != fresh.shape()[0];
    if (!is_another_width) continue;
    theirs = tensor.shape()[0];
    tensor = fresh;
  }
  if (theirs > 0)
    start.remarks.push_back(
        fmt::format("{} has {} classes: the head starts with fresh weights", path, theirs));
}

struct Pretrained {
  formats::StateDict weights;                          ///< under torchvision's names
  std::optional<vision::Preprocessing> preprocessing;  ///< where something beside them says it
};

Result<Pretrained> read_hub_folder(const std::string& path) {
  ASSIGN_OR_RETURN(formats::HuggingFaceModel model, formats::load_hugging_face(path));
  Pretrained pretrained{.weights = std::move(model.weights), .preprocessing = {}};
  if (!model.transformers_preprocessing.is_null()) {
    ASSIGN_OR_RETURN(pretrained.preprocessing,
                     vision::preprocessing_of_transformers(model.transformers_preprocessing, path));
  } else if (!model.timm_preprocessing.is_null()) {
    ASSIGN_OR_RETURN(pretrained.preprocessing, vision::preprocessing_of_timm(model.timm_preprocessing, path));
  }
  return pretrained;
}

Result<Pretrained> read_pretrained(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return read_hub_folder(path);
  Pretrained pretrained;
  ASSIGN_OR_RETURN(pretrained.weights, formats::load_state_dict(path));
  for (auto& [name, tensor] : pretrained.weights.tensors) name = formats::torchvision_name(name);
  ASSIGN_OR_RETURN(const auto contract, vision::contract_from_metadata(pretrained.weights.metadata, path));
  if (contract) pretrained.preprocessing = contract->preprocessing;
  return pretrained;
}

/// The sizes are this run's; what the weights know of colours stays.
void keep_colours(const vision::Preprocessing& theirs, vision::Preprocessing& ours) {
  ours.interpolation = theirs.interpolation;
  ours.mean = theirs.mean;
  ours.stddev = theirs.stddev;
  ours.color_order = theirs.color_order;
}

Status load_pretrained(const std::string& path, StartingPoint& start) {
  ASSIGN_OR_RETURN(Pretrained pretrained, read_pretrained(path));
  formats::StateDict& weights = pretrained.weights;
  if (pretrained.preprocessing) keep_colours(*pretrained.preprocessing, start.preprocessing);
  keep_fresh_head(start.graph, weights, start, path);
  RETURN_IF_ERROR(formats::load_weights(weights, start.graph).with_context(path));
  for (const auto& [name, tensor] : weights.tensors)
    if (name.ends_with(".num_batches_tracked")) start.counters.tensors.emplace_back(name, tensor);
  return {};
}

Status find_frozen(const std::vector<std::string>& patterns, StartingPoint& start) {
  for (const std::string& pattern : patterns) {
    const size_t before = start.frozen.size();
    for (const auto& [name, tensor] : start.graph.initializers)
      if (matches(pattern, name)) start.frozen.push_back(name);
    if (start.frozen.size() == before)
      return invalid_argument("freeze: no weight of {} fits '{}'; they are named like {}", start.graph.name,
                              pattern, start.graph.initializers.begin()->first);
  }
  return {};
}

}  // namespace

void draw_initial_weights(Graph& graph, uint64_t seed) {
  Rng rng(seed);
  for (const Node& node : graph.nodes) {
    if (is_norm(node)) draw_norm(graph, node);
    if (has_weights(node)) draw_weights(graph, node, rng);
  }
}

bool matches(std::string_view pattern, std::string_view name) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (size_t skipped = star; skipped <= name.size(); ++skipped)
    if (matches(rest, name.substr(skipped))) return true;
  return false;
}

Result<StartingPoint> starting_point(const TrainConfig& config, size_t classes) {
  StartingPoint start;
  ASSIGN_OR_RETURN(start.graph, zoo::make(config.model, {.num_classes = static_cast<int64_t>(classes),
                                                         .image_size = config.image_size,
                                                         .seed = config.seed}));
  draw_initial_weights(start.graph, config.seed);
  start.preprocessing = vision::Preprocessing::for_size(config.image_size);
  if (!config.weights.empty()) RETURN_IF_ERROR(load_pretrained(config.weights, start));
  RETURN_IF_ERROR(find_frozen(config.freeze, start));
  return start;
}

}  // namespace ridgeline::train
