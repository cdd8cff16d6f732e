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

/// What stands for a dimension that the data decide (of NonZero, NonMaxSuppression, Compress and Unique): no
/// size, or the largest that it can have, as if every element passed the op's test.
enum class DataSizes { kUnknown, kLargest };

/// Types and shapes of every value of the top-level graph: inputs, initializers and all nodes' outputs. Small
/// constants are followed through the arithmetic that exporters put around Reshape, Slice, Resize …, so that
/// shapes come out static when the inputs' are. Dimensions that depend on unknown dimensions are
/// Shape::kUnknownDim, as are by default those that depend on data. kUnsupported names an op that is not
/// known; kInvalidArgument a node whose inputs contradict its op.
Result<TypeMap> infer_types(const Graph& graph, const InputShapes& input_shapes = {},
                            DataSizes data_sizes = DataSizes::kUnknown);

}  // namespace ridgeline
