#pragma once

#include "base/thread_pool.h"
#include "kernels/conv.h"

namespace ridgeline::kernels::ref {

/// Direct convolution, summed per output in the order channel, depth, row, column.
void conv(const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);

/// Transposed convolution: `window` describes the convolution whose gradient this is, so window.in is this
/// operator's *output* and window.out its input. in is [batch, in_channels, window.out…], weights
/// [in_channels, out_channels / groups, kernel…], out [batch, out_channels, window.in…].
void conv_transpose(const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
