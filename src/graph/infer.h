#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline {

using TypeMap = std::map<std::string, ValueType, std::less<>>;
/// Shape of graph inputs by name; an absent input keeps the shape that the graph declares.
using InputShapes = std::map<std::string, Shape>;

/// Types and shapes of every value of the top-level graph: inputs, initializers and all nodes' outputs. Small
/// constants are followed through the arithmetic that exporters put around Reshape, Slice, Resize …, so that
/// shapes come out static when the inputs' are. Dimensions that depend on data or on unknown dimensions are
/// Shape::kUnknownDim. kUnsupported names an op that is not known; kInvalidArgument a node whose inputs
/// contradict its op.
Result<TypeMap> infer_types(const Graph& graph, const InputShapes& input_shapes = {});

}  // namespace ridgeline
