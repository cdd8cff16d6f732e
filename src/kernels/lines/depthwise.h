#pragma once

#include "kernels/blocked/lanes.h"
#include "kernels/lines/conv.h"
#include "kernels/lines/line_kernels.h"

/// Convolutions over two axes in which each channel has its own window and no other channel's values: bands
/// of lines become FP32 blocks within a cache, go through the kernels for those (kernels/blocked) and become
/// lines again. Weights stay FP32.
namespace ridgeline::kernels::lines {

/// What one instruction set has for both forms.
struct DepthwiseKernels {
  const blocked::LaneKernels& lanes;
  const LineKernels& lines;
};

Status accepts_depthwise(const LineConvDesc& desc);
size_t packed_depthwise_bytes(const LineConvDesc& desc);
void pack_depthwise(const LineConvDesc& desc, const float* weights, void* packed);
size_t depthwise_scratch_bytes(const LineConvDesc& desc);
void depthwise(const DepthwiseKernels& kernels, const LineConvDesc& desc, const LineConvArgs& args,
               ThreadPool& pool);

}  // namespace ridgeline::kernels::lines
