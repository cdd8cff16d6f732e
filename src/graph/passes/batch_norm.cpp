#include "graph/passes/batch_norm.h"

#include <cmath>

#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

Status spread_image(Rewriter& rewriter, Node& norm, const Affine& affine) {
  Graph& graph = rewriter.graph();
  const auto channels = static_cast<int64_t>(affine.scale.size());
  ASSIGN_OR_RETURN(Tensor weights, channel_tensor(affine.scale, {channels, 1, 1, 1}));
  ASSIGN_OR_RETURN(Tensor bias, channel_tensor(affine.shift, {channels}));
  const std::string weights_name = rewriter.fresh_name(norm.name + ".scale");
  const std::string bias_name = rewriter.fresh_name(norm.name + ".shift");
  graph.initializers[weights_name] = std::move(weights);
  graph.initializers[bias_name] = std::move(bias);
  norm = {.name = norm.name,
          .op = "Conv",
          .inputs = {norm.inputs[0], weights_name, bias_name},
          .outputs = norm.outputs,
          .attributes = {{"group", channels}}};
  return {};
}

/// Of [rows, channels] or [rows, channels, length]: the product, and the sum in the norm's place.
Result<Node> spread_rows(Rewriter& rewriter, Node& norm, const Affine& affine, size_t rank) {
  Shape shape{static_cast<int64_t>(affine.scale.size())};
  if (rank == 3) shape.dims().push_back(1);
  const std::string scale = rewriter.fresh_name(norm.name + ".scale"),
                    shift = rewriter.fresh_name(norm.name + ".shift"),
                    scaled = rewriter.fresh_name(norm.outputs[0] + "/scaled");
  ASSIGN_OR_RETURN(rewriter.graph().initializers[scale], channel_tensor(affine.scale, shape));
  ASSIGN_OR_RETURN(rewriter.graph().initializers[shift], channel_tensor(affine.shift, shape));
  Node product{
      .name = norm.name + "/scale", .op = "Mul", .inputs = {norm.inputs[0], scale}, .outputs = {scaled}};
  norm = {.name = norm.name, .op = "Add", .inputs = {scaled, shift}, .outputs = norm.outputs};
  return product;
}

}  // namespace

Result<Tensor> channel_tensor(const std::vector<double>& values, const Shape& shape) {
  std::vector<float> floats(values.begin(), values.end());
  return Tensor::from_values<float>(shape, std::span<const float>(floats));
}

/// scale = γ / √(variance + ε), shift = β − mean · scale (Ioffe and Szegedy 2015, with moving statistics).
std::optional<Affine> affine_of(const Graph& graph, const Node& norm) {
  if (norm.op != "BatchNormalization" || !norm.domain.empty() || norm.outputs.size() != 1 ||
      norm.int_or("training_mode", 0) != 0)
    return std::nullopt;
  const Tensor* gamma = f32_constant(graph, norm, 1, 1);
  const Tensor* beta = f32_constant(graph, norm, 2, 1);
  const Tensor* mean = f32_constant(graph, norm, 3, 1);
  const Tensor* variance = f32_constant(graph, norm, 4, 1);
  if (gamma == nullptr || beta == nullptr || mean == nullptr || variance == nullptr) return std::nullopt;
  const double epsilon = norm.float_or("epsilon", 1e-5F);
  const auto channels = static_cast<size_t>(gamma->element_count());
  for (const Tensor* tensor : {beta, mean, variance})
    if (static_cast<size_t>(tensor->element_count()) != channels) return std::nullopt;
  Affine affine;
  for (size_t c = 0; c < channels; ++c) {
    affine.scale.push_back(gamma->as<float>()[c] / std::sqrt(double{variance->as<float>()[c]} + epsilon));
    affine.shift.push_back(beta->as<float>()[c] - double{mean->as<float>()[c]} * affine.scale[c]);
  }
  return affine;
}

Status spread_batch_norms(Graph& graph, const PassOptions&) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  Rewriter rewriter(graph);
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    const auto affine = affine_of(graph, node);
    const auto type = affine ? types.find(node.inputs[0]) : types.end();
    const size_t rank = type != types.end() && type->second.shape ? type->second.shape->rank() : 0;
    if (rank == 4) RETURN_IF_ERROR(spread_image(rewriter, node, *affine));
    if (rank == 2 || rank == 3) {
      ASSIGN_OR_RETURN(Node product, spread_rows(rewriter, node, *affine, rank));
      nodes.push_back(std::move(product));
    }
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
  return {};
}

}  // namespace ridgeline::passes
