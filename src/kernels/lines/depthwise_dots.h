#pragma once

#include "kernels/lines/channel_rows.h"
#include "kernels/lines/conv.h"
#include "kernels/lines/dot.h"

/// The same of single numbers by dot products, of two rows each: weights are numbers too.
namespace ridgeline::kernels::lines {

/// Rows of a block's results, whose weights are BF16.
struct DotRows {
  ChannelRow first;
  int64_t count = 1;
  Results results;  ///< from the first row on
};
void avx512_bf16_depthwise(const DotRows& rows);

Status accepts_depthwise_dots(const LineConvDesc& desc);
size_t packed_depthwise_dots_bytes(const LineConvDesc& desc);
void pack_depthwise_dots(const LineConvDesc& desc, const float* weights, void* packed);
void depthwise_dots(const LineConvDesc& desc, const LineConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::lines
