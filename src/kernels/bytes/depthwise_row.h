#pragma once

#include "kernels/bytes/channel_rows.h"
#include "kernels/bytes/results.h"

namespace ridgeline::kernels::bytes {

/// Rows of a block's results, a convolution of each channel for itself.
struct DepthwiseRows {
  ChannelRow first;  ///< weights are i8
  int64_t count = 1;
  const int32_t* corrections = nullptr;  ///< [kChannels], added to sums
  Results results{};                     ///< from the first row on
};

/// One instruction set's kernel.
using DepthwiseKernel = void (*)(const DepthwiseRows& rows);

void avx512_vnni_depthwise(const DepthwiseRows& rows);
void ref_depthwise(const DepthwiseRows& rows);  ///< for any CPU

}  // namespace ridgeline::kernels::bytes
