#pragma once

#include "kernels/bytes/results.h"
#include "kernels/lines/channel_rows.h"

namespace ridgeline::kernels::bytes {

constexpr int64_t kRowsTogether = 4;

/// One row of a block's results, a convolution of each channel for itself.
struct DepthwiseRow {
  lines::ChannelRow row;                 ///< weights are i8
  const int32_t* corrections = nullptr;  ///< [kChannels], added to sums
  Results results{};                     ///< of the row
};

/// One instruction set's kernel.
using DepthwiseKernel = void (*)(const DepthwiseRow& row);

void avx512_vnni_depthwise(const DepthwiseRow& row);
void ref_depthwise(const DepthwiseRow& row);  ///< for any CPU

}  // namespace ridgeline::kernels::bytes
