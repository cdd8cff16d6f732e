#pragma once

#include "kernels/conv.h"

namespace ridgeline::kernels::blocked {

/// Best first; none may take a case. `in`, `out` and the residual are blocked, but an input that takes_planes
/// lies as ONNX has it; weights are as `pack` left them.
std::span<const ConvImpl> conv_impls();

}  // namespace ridgeline::kernels::blocked
