#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::passes {

/// The same model computing in FP16: float weights are rounded (values past FP16's range become its largest),
/// inputs and outputs stay FP32 and are cast at the border. Ops whose FP32 values ONNX or engines take in no
/// other type (Resize, NonMaxSuppression, quantisation …) keep FP32 between casts. kUnsupported names a node
/// with subgraphs.
Status to_fp16(Graph& graph);

}  // namespace ridgeline::passes
