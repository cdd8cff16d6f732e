#pragma once

#include "kernels/conv.h"
#include "kernels/tile/micro_kernel.h"

/// Convolution over one or two axes as a product of weights [channels, taps] and pixels [taps, positions]
/// whose second operand is never built: the input is copied once, padded and split by stride into phase
/// planes, and each tap then is a fixed offset into that copy. Output positions run over rows of the plane's
/// width; the few past the output's width are computed and dropped.
namespace ridgeline::kernels::tile {

Status accepts_conv(const ConvDesc& desc);
size_t packed_conv_bytes(const KernelSet& set, const ConvDesc& desc);
void pack_conv(const KernelSet& set, const ConvDesc& desc, const float* weights, void* packed);
size_t conv_scratch_bytes(const KernelSet& set, const ConvDesc& desc);
void conv(const KernelSet& set, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::tile
