#include "serve/backends/pixel_input.h"

#include <algorithm>
#include <array>
#include <optional>

#include "graph/onnx_dtype.h"
#include "graph/passes/rewriter.h"
#include "vision/contract.h"

namespace ridgeline::serve {
namespace {

using vision::Preprocessing;

constexpr size_t kImageRank = 4;

bool asks_for_pixels(const ModelConfig& config, const std::string& name) {
  const auto input = std::ranges::find(config.inputs, name, &InputConfig::name);
  return input != config.inputs.end() && input->datatype == DType::kU8;
}

/// n × 3 × h × w as n × h × w × 3, where the model has it so.
std::vector<int64_t> pixel_dims(const std::vector<int64_t>& dims, const Preprocessing& how) {
  if (how.layout == vision::Layout::kNhwc) return dims;
  return {dims[0], dims[2], dims[3], dims[1]};
}

/// Appends nodes that compute one value from another.
class Chain {
 public:
  Chain(Graph& graph, std::string value, const std::string& prefix)
      : graph_(&graph), value_(std::move(value)), prefix_(prefix) {}

  void add(const std::string& op, std::map<std::string, Attribute> attributes = {},
           const std::optional<Tensor>& constant = std::nullopt) {
    const std::string name = prefix_ + "/" + op;
    Node node{.name = name, .op = op, .inputs = {value_}, .outputs = {name}};
    node.attributes = std::move(attributes);
    if (constant) {
      graph_->initializers[name + "/constant"] = *constant;
      node.inputs.push_back(name + "/constant");
    }
    nodes_.push_back(std::move(node));
    value_ = name;
  }

  /// Puts them before all others; the last gives `value`.
  void finish(const std::string& value) && {
    nodes_.back().outputs = {value};
    graph_->nodes.insert(graph_->nodes.begin(), std::make_move_iterator(nodes_.begin()),
                         std::make_move_iterator(nodes_.end()));
  }

 private:
  Graph* graph_;
  std::string value_;
  std::string prefix_;
  std::vector<Node> nodes_;
};

/// The arithmetic of vision::Normaliser: level · 1/(255·std) - mean/std.
Status add_arithmetic(const Preprocessing& how, Chain& chain) {
  const bool planar = how.layout == vision::Layout::kNchw;
  const Shape per_channel = planar ? Shape{3, 1, 1} : Shape{3};
  std::array<float, 3> scale{};
  std::array<float, 3> shift{};
  for (size_t c = 0; c < 3; ++c) {
    scale[c] = 1.0F / (255.0F * how.stddev[c]);
    shift[c] = how.mean[c] / how.stddev[c];
  }
  ASSIGN_OR_RETURN(const Tensor scales, Tensor::from_values<float>(per_channel, scale));
  ASSIGN_OR_RETURN(const Tensor shifts, Tensor::from_values<float>(per_channel, shift));
  if (planar) chain.add("Transpose", {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
  if (how.color_order == vision::ColorOrder::kBgr) {
    constexpr std::array<int64_t, 3> kReversed = {2, 1, 0};
    ASSIGN_OR_RETURN(const Tensor order, Tensor::from_values<int64_t>(Shape{3}, kReversed));
    chain.add("Gather", {{"axis", int64_t{planar ? 1 : 3}}}, order);
  }
  chain.add("Cast", {{"to", onnx_number_of(DType::kF32)}});
  chain.add("Mul", {}, scales);
  chain.add("Sub", {}, shifts);
  return {};
}

}  // namespace

void show_pixel_input(const ModelConfig& config, ModelInterface& model) {
  if (!model.preprocessing) return;
  for (TensorInterface& input : model.inputs) {
    if (!asks_for_pixels(config, input.name) || input.datatype != DType::kF32) continue;
    if (!input.dims || input.dims->size() != kImageRank) continue;
    input.datatype = DType::kU8;
    input.dims = pixel_dims(*input.dims, *model.preprocessing);
  }
}

Status add_pixel_input(const ModelConfig& config, Graph& graph) {
  const auto asked = std::ranges::find_if(
      graph.inputs, [&](const ValueInfo& input) { return asks_for_pixels(config, input.name); });
  if (asked == graph.inputs.end() || asked->type.dtype != DType::kF32) return {};
  ASSIGN_OR_RETURN(const auto contract, vision::contract_from_metadata(graph.metadata, graph.source.path));
  if (!contract || !asked->type.shape || asked->type.shape->rank() != kImageRank) return {};
  passes::Rewriter names(graph);
  const std::string pixels = asked->name;
  if (names.is_captured(pixels))
    return unsupported("input '{}' is read by a subgraph, so it takes no pixels: configure it as TYPE_FP32",
                       pixels);
  const std::string image = names.fresh_name(pixels + "/image");
  for (Node& node : graph.nodes) std::ranges::replace(node.inputs, pixels, image);
  const Preprocessing& how = contract->preprocessing;
  asked->type = {DType::kU8, Shape(pixel_dims(asked->type.shape->dims(), how))};
  if (how.layout == vision::Layout::kNchw && asked->dim_names.size() == kImageRank)
    std::rotate(asked->dim_names.begin() + 1, asked->dim_names.begin() + 2, asked->dim_names.end());
  Chain chain(graph, pixels, names.fresh_name(pixels + "/pixels"));
  RETURN_IF_ERROR(add_arithmetic(how, chain));
  std::move(chain).finish(image);
  graph.source = {};
  return {};
}

}  // namespace ridgeline::serve
