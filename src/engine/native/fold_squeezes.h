#pragma once

#include "base/cpu_features.h"
#include "graph/infer.h"

namespace ridgeline::native {

/// For plans whose images lie in FP32 blocks: what squeeze-and-excitation does to images goes into the
/// convolutions beside it, where their kernels take it and gain by it.
///
/// The mean of an image that a convolution makes becomes that of output 1 of its ridgeline.FusedConv: the
/// means of the image's rows, [batch, channels, height, 1].
///
/// The product of an image and a number for each image and channel that only a convolution reads becomes
/// input 4 of its ridgeline.FusedConv, [batch, channels, 1, 1]; X is then the image. The node is named after
/// both.
Status fold_squeezes(Graph& graph, const CpuFeatures& cpu, int threads);

}  // namespace ridgeline::native
