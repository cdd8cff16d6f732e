#pragma once

#include "kernels/lines/conv.h"
#include "kernels/lines/dot.h"

/// Convolutions of each channel for itself, of single numbers and common windows, in FP32: lines are read as
/// two vectors, of even channels and of odd ones. Faster than BF16's dot products, for which rows would have
/// to be interleaved.
namespace ridgeline::kernels::lines {

/// Rows of a block's results beneath each other.
struct LineRows {
  const Window& window;
  int64_t first = 0;
  int64_t count = 0;
  const Line* plane = nullptr;
  const float* weights = nullptr;  ///< [tap][odd][channel / 2]
};
void avx512_bf16_depthwise(const LineRows& rows, const Results& results);

Status accepts_depthwise_patches(const LineConvDesc& desc);
size_t packed_depthwise_patches_bytes(const LineConvDesc& desc);
void pack_depthwise_patches(const LineConvDesc& desc, const float* weights, void* packed);
void depthwise_patches(const LineConvDesc& desc, const LineConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::lines
