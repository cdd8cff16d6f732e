#pragma once

#include <cstdint>

#include "base/status.h"
#include "formats/graph_builder.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// Appends `node`, an ai.onnx op of `opset` (7 to 21), to the graph in opset-17 form: attributes that later
/// became inputs turn into initializers, inputs that were attributes in 17 back into attributes where they
/// are constant, ops that are gone into their successors. Ops and attributes that only newer opsets know stay
/// as they are. kUnsupported where opset 17 cannot say the same.
Status normalise(Node node, int64_t opset, GraphBuilder& builder);

}  // namespace ridgeline::formats
