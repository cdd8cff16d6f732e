#include "graph/passes/open_dimensions.h"

#include <algorithm>

#include "graph/infer.h"

namespace ridgeline::passes {
namespace {

constexpr size_t kImageRank = 4;
/// A graph that takes these takes others: they are unlike each other and what exporters write.
constexpr int64_t kTrialBatch = 3;
constexpr int64_t kTrialHeight = 352;
constexpr int64_t kTrialWidth = 416;

/// Whether that changes anything.
bool open(ValueInfo& value, size_t axis, const std::string& name) {
  Shape& shape = *value.type.shape;
  if (shape[axis] == Shape::kUnknownDim) return false;
  shape[axis] = Shape::kUnknownDim;
  value.dim_names.resize(shape.rank());
  value.dim_names[axis] = name;
  return true;
}

/// What the inputs' open dimensions are in the trial.
InputShapes trial_shapes(const Graph& graph) {
  InputShapes shapes;
  for (const ValueInfo& input : graph.inputs) {
    if (!input.type.shape) continue;
    Shape shape = *input.type.shape;
    const int64_t trial[] = {kTrialBatch, 0, kTrialHeight, kTrialWidth};
    for (size_t axis = 0; axis < std::min(shape.rank(), kImageRank); ++axis)
      if (shape[axis] == Shape::kUnknownDim && trial[axis] > 0) shape[axis] = trial[axis];
    shapes[input.name] = shape;
  }
  return shapes;
}

Status check_trial(const Graph& opened) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(opened, trial_shapes(opened)));
  for (const ValueInfo& output : opened.outputs) {
    const std::optional<Shape>& shape = types.find(output.name)->second.shape;
    if (shape && shape->rank() > 0 && (*shape)[0] >= 0 && (*shape)[0] != kTrialBatch)
      return unsupported("output '{}' is {} for a batch of {}", output.name, shape->to_string(), kTrialBatch);
  }
  return {};
}

/// Declares what follows from the open inputs.
Status declare_outputs(Graph& opened) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(opened));
  for (ValueInfo& output : opened.outputs) {
    output.type.shape = types.find(output.name)->second.shape;
    output.dim_names.clear();
    if (!output.type.shape || output.type.shape->rank() == 0) continue;
    output.dim_names.resize(output.type.shape->rank());
    output.dim_names[0] = "batch";
  }
  return {};
}

}  // namespace

Status open_dimensions(Graph& graph, bool height_and_width) {
  Graph opened = graph;
  bool changed = false, has_image = false;
  for (ValueInfo& input : opened.inputs) {
    if (!input.type.shape || input.type.shape->rank() == 0) continue;
    changed = open(input, 0, "batch") || changed;
    if (!height_and_width || has_image || input.type.shape->rank() != kImageRank) continue;
    has_image = true;
    changed = open(input, 2, "height") || changed;
    changed = open(input, 3, "width") || changed;
  }
  if (!changed) return {};
  if (Status tried = check_trial(opened); !tried.ok())
    return unsupported("the model is fixed at its sizes, which cannot be opened: {}", tried.message());
  RETURN_IF_ERROR(declare_outputs(opened));
  opened.source = {};
  graph = std::move(opened);
  return {};
}

}  // namespace ridgeline::passes
