#pragma once

#include "kernels/bytes/results.h"
#include "kernels/window.h"

namespace ridgeline::kernels::bytes {

constexpr int64_t kTapsTogether = 4;  ///< of a column of a window
/// Columns of the input, of four rows each, that are held at once.
constexpr int64_t kHeldColumns = 160;

/// Fours of rows of a window.
constexpr int64_t fours_of(const Window& window) { return ceil_div(window.kernel[1], kTapsTogether); }

/// Columns of the input that one column of results is made of.
constexpr int64_t reach_of(const Window& window) { return (window.kernel[2] - 1) * window.dilation[2] + 1; }

/// Where the weight of a channel of a block lies, for a row of the window and a column: [four rows][column]
/// [channel, a quarter of each sixteen after the other][row], as interleaved lines have them.
constexpr int64_t depthwise_weight_at(const Window& window, int64_t channel, int64_t kh, int64_t kw) {
  const int64_t quarter = channel / 4 % 4, lane = channel / 16 * 4 + channel % 4;
  const int64_t four = kh / kTapsTogether * window.kernel[2] + kw;
  return ((four * 4 + quarter) * 16 + lane) * kTapsTogether + kh % kTapsTogether;
}

/// One row of a block's results, a convolution of each channel for itself.
struct DepthwiseRow {
  const Window& window;
  int64_t row = 0;
  const Line* plane = nullptr;
  const Line* padding = nullptr;         ///< of the inputs' zero point
  const int8_t* weights = nullptr;       ///< by depthwise_weight_at, zeros past the last row
  const int32_t* corrections = nullptr;  ///< [kChannels], added to sums
  Results results{};                     ///< of the row
};

/// One instruction set's kernel.
using DepthwiseKernel = void (*)(const DepthwiseRow& row);

void avx512_vnni_depthwise(const DepthwiseRow& row);
void ref_depthwise(const DepthwiseRow& row);  ///< for any CPU

}  // namespace ridgeline::kernels::bytes
