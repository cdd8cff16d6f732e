#pragma once

#include <cstdint>

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// normalise's inverse: the graph with its nodes, those of subgraphs too, in the form that `opset` (13 to 21)
/// gives them; attributes that became inputs since 17 turn into initializers, attributes that older opsets
/// lack go where they say nothing. kUnsupported, naming the node, where the opset lacks the op or cannot say
/// the same. Tensors are shared with `graph`.
Result<Graph> in_opset(const Graph& graph, int64_t opset);

}  // namespace ridgeline::formats
