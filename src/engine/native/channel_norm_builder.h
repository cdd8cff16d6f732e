#pragma once

#include "engine/native/step.h"
#include "kernels/ref/normalise.h"

/// ridgeline.NormalizeChannels (graph/passes), of images as ONNX has them or in blocks.
namespace ridgeline::native {

/// Of a node whose input has this shape of four axes, as ONNX has it.
kernels::ref::ChannelNorm channel_norm_of(const Node& node, const Shape& x);

/// A step of the kernel `run`.
Built build_channel_norm(const BuildContext& context, const kernels::ref::ChannelNorm& norm,
                         std::string_view kernel,
                         void (*run)(const kernels::ref::ChannelNorm&, const kernels::ref::ChannelNormArgs&,
                                     ThreadPool&));

}  // namespace ridgeline::native
