// Included by one file per instruction set, which sets kernels::vector::kLanes and gives multiply_row a class
// Products with interleave(lines, four) and sum(fours, sums).

#pragma once

#include <algorithm>

#include "kernels/bytes/depthwise_row.h"
#include "kernels/bytes/steps_body.h"

namespace ridgeline::kernels::bytes {
namespace {

/// The steps of a column of the input in four rows, a channel's side by side.
struct Four {
  Line quarters[4];
};

/// What one column of results is the sum of.
struct Fours {
  const Four* first;  ///< met by the window's first column
  int64_t step;       ///< to its next column
  int64_t taps;       ///< columns
  int64_t rows;       ///< fours of rows
  int64_t row_step;
  const int8_t* weights;
  const int32_t* corrections;
};

/// Fours of columns [begin, begin + count) of the input, which may lie outside.
template <typename Products>
void interleave(const DepthwiseRow& row, int64_t begin, int64_t count, Four* to) {
  const Window& w = row.window;
  for (int64_t kh = 0; kh < fours_of(w) * kTapsTogether; kh += kTapsTogether) {
    const Line* rows[kTapsTogether];
    for (int64_t i = 0; i < kTapsTogether; ++i) {
      const int64_t y = row.row * w.stride[1] - w.pad[1] + (kh + i) * w.dilation[1];
      const bool inside = kh + i < w.kernel[1] && y >= 0 && y < w.in[1];
      rows[i] = inside ? row.plane + y * w.in[2] : nullptr;
    }
    for (int64_t x = begin; x < begin + count; ++x, ++to) {
      const bool inside = x >= 0 && x < w.in[2];
      const Line* lines[kTapsTogether];
      for (int64_t i = 0; i < kTapsTogether; ++i)
        lines[i] = inside && rows[i] != nullptr ? rows[i] + x : row.padding;
      Products::interleave(lines, *to);
    }
  }
}

template <typename Products>
void multiply_row(const DepthwiseRow& row) {
  constexpr int64_t kMostColumns = 16;
  alignas(64) int32_t sums[kMostColumns][kChannels];
  Four held[kHeldColumns];
  const Window& w = row.window;
  const int64_t held_of_row = kHeldColumns / std::max<int64_t>(fours_of(w), 1);
  const int64_t fitting = (held_of_row - reach_of(w)) / w.stride[2] + 1;
  const int64_t together = std::min(kMostColumns, fitting);
  for (int64_t first = 0; first < w.out[2]; first += together) {
    const int64_t count = std::min(together, w.out[2] - first);
    const int64_t columns = (count - 1) * w.stride[2] + reach_of(w);
    interleave<Products>(row, first * w.stride[2] - w.pad[2], columns, held);
    for (int64_t i = 0; i < count; ++i)
      Products::sum({.first = held + i * w.stride[2],
                     .step = w.dilation[2],
                     .taps = w.kernel[2],
                     .rows = fours_of(w),
                     .row_step = columns,
                     .weights = row.weights,
                     .corrections = row.corrections},
                    sums[i]);
    for (int64_t lane = 0; lane < kChannels; lane += kLanes)
      write_run(row.results, {.lane = lane, .line = first, .count = count},
                [&](int64_t i) { return __builtin_convertvector(load_ints(sums[i] + lane), Vector); });
  }
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
