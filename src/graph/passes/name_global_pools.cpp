#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

bool is_image(const TypeMap& types, const std::string& value) {
  const auto type = types.find(value);
  return type != types.end() && type->second.dtype == DType::kF32 && type->second.shape &&
         type->second.shape->rank() == 4;
}

/// Over rows and columns of images, and nothing else.
bool is_mean_of_pixels(const Node& node, const TypeMap& types) {
  if (!is_plain(node, "ReduceMean") || !is_image(types, node.inputs[0])) return false;
  const std::vector<int64_t> axes = node.ints_or("axes", {});
  if (axes.size() != 2) return false;
  const auto is_axis = [&](int64_t axis) { return axes[0] == axis || axes[1] == axis; };
  return (is_axis(2) || is_axis(-2)) && (is_axis(3) || is_axis(-1));
}

Node pool_of(const Node& mean, const std::string& output) {
  return {.name = mean.name, .op = "GlobalAveragePool", .inputs = mean.inputs, .outputs = {output}};
}

}  // namespace

Status name_global_pools(Graph& graph, const PassOptions&) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  Rewriter rewriter(graph);
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    if (!is_mean_of_pixels(node, types)) {
      nodes.push_back(std::move(node));
    } else if (node.int_or("keepdims", 1) != 0) {
      nodes.push_back(pool_of(node, node.outputs[0]));
    } else {
      const std::string pooled = rewriter.fresh_name(node.outputs[0] + "/pooled");
      nodes.push_back(pool_of(node, pooled));
      nodes.push_back(
          {.name = node.name + "/Flatten", .op = "Flatten", .inputs = {pooled}, .outputs = node.outputs});
    }
  }
  graph.nodes = std::move(nodes);
  return {};
}

}  // namespace ridgeline::passes
