#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::passes {

/// The same model with BF16 weights: FP32 initializers of rank 2 or more are rounded and read through a Cast,
/// vectors and scalars (biases, statistics, scales) stay. Ops keep computing on FP32 values, since ONNX up to
/// opset 21 gives convolutions and pools no BF16 form; engines that compute in BF16 do so on their own.
Status to_bf16(Graph& graph);

}  // namespace ridgeline::passes
