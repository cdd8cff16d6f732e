#include "cli/model_text.h"

#include <fmt/core.h>

namespace ridgeline::cli {
namespace {

/// Nx3x224x224: dynamic dimensions by name, "?" where they have none.
std::string describe_shape(const ValueInfo& value) {
  if (!value.type.shape) return "?";
  if (value.type.shape->rank() == 0) return "scalar";
  std::string text;
  for (size_t axis = 0; axis < value.type.shape->rank(); ++axis) {
    const int64_t dim = (*value.type.shape)[axis];
    const bool named = axis < value.dim_names.size() && !value.dim_names[axis].empty();
    if (axis > 0) text += 'x';
    if (dim != Shape::kUnknownDim)
      text += fmt::to_string(dim);
    else
      text += named ? value.dim_names[axis] : "?";
  }
  return text;
}

Json describe_values(const std::vector<ValueInfo>& values) {
  Json list = Json::array();
  for (const ValueInfo& value : values)
    list.push_back(
        {{"name", value.name}, {"dtype", name_of(value.type.dtype)}, {"shape", describe_shape(value)}});
  return list;
}

}  // namespace

Json describe_model(const Graph& graph, int64_t opset) {
  return {{"name", graph.name},
          {"opset", opset},
          {"nodes", graph.nodes.size()},
          {"parameters", graph.parameter_count()},
          {"inputs", describe_values(graph.inputs)},
          {"outputs", describe_values(graph.outputs)}};
}

std::string model_text(const std::string& file, const Graph& graph, int64_t opset) {
  std::string text = fmt::format("{}: {} of {} parameters in {} nodes, opset {}\n", file, graph.name,
                                 graph.parameter_count(), graph.nodes.size(), opset);
  for (const ValueInfo& input : graph.inputs)
    text += fmt::format("  input  {} {}\n", input.name, describe_shape(input));
  for (const ValueInfo& output : graph.outputs)
    text += fmt::format("  output {} {}\n", output.name, describe_shape(output));
  return text;
}

}  // namespace ridgeline::cli
