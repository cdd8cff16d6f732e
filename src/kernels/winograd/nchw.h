#pragma once

#include "kernels/conv.h"
#include "kernels/winograd/tile_kernels.h"

/// What a ConvImpl needs, for memory in NCHW: some images at a time are turned to NHWC, convolved and turned
/// back, with bias, residual and activation on the way.
namespace ridgeline::kernels::winograd {

Status accepts_conv(const TileKernels& kernels, const ConvDesc& desc);
size_t packed_conv_bytes(const ConvDesc& desc);
void pack_conv(const TileKernels& kernels, const ConvDesc& desc, const float* weights, void* packed);
size_t conv_scratch_bytes(const ConvDesc& desc);
void conv(const TileKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::winograd
