#pragma once

#include <ATen/core/Tensor.h>

#include "engine/libtorch/op.h"

namespace ridgeline::train {

/// Whether `node` is a Conv with stride 1 and padding 1, without groups or a bias.
bool is_same_size_conv(const Node& node);

/// The kernel of such a node: kernels/winograd, for the result and for both gradients, where there are 3×3
/// taps, memory is in NHWC and the case is one that it takes; else `otherwise`. Each result is then within a
/// few FP32 steps of ATen's, not the same bits.
libtorch::Kernel same_size_conv(libtorch::Kernel otherwise);

}  // namespace ridgeline::train
