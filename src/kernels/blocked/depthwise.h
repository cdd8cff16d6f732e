#pragma once

#include "kernels/blocked/lanes.h"
#include "kernels/conv.h"

/// Convolutions over two axes in which each channel has its own window and no other channel's values.
namespace ridgeline::kernels::blocked {

Status accepts_depthwise(const ConvDesc& desc);
size_t packed_depthwise_bytes(const ConvDesc& desc);
void pack_depthwise(const ConvDesc& desc, const float* weights, void* packed);
void depthwise(const LaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::blocked
