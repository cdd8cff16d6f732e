// Included by depthwise_body.h, once for each instruction set.

#pragma once

#include <algorithm>
#include <iterator>

#include "kernels/blocked/sliding_body.h"

namespace ridgeline::kernels::blocked {
namespace {

struct ProductFold {
  const float* weights;
  const float* out;
  const Bounds* bounds;  ///< null: sums as they are

  static Vector start() { return Vector{}; }
  Vector tap(int64_t tap, int64_t lane) const { return load(weights + tap * kBlock + lane); }
  Vector operator()(Vector sum, Vector x, Vector weight) const { return sum + x * weight; }
  template <int together>
  void finish(int64_t lane, const float* to, Vector (&sums)[together]) const {
    if (bounds == nullptr) return;
    const Vector bias = bounds->bias(lane);
#pragma GCC unroll 8
    for (int i = 0; i < together; ++i) sums[i] += bias;
    if (const float* const residual = bounds->residual(); residual != nullptr)
#pragma GCC unroll 8
      for (int i = 0; i < together; ++i) sums[i] += load(residual + (to - out) + i * kBlock);
#pragma GCC unroll 8
    for (int i = 0; i < together; ++i) sums[i] = bounds->of(sums[i]);
  }
};

/// Of a row's inputs those beside each other from column `left` of `columns` on, of which the first and the
/// last `most_missing` may lie outside, where zeros stand.
template <int count, int most_missing>
[[gnu::always_inline]] inline void load_padded(const float* from, int64_t left, int64_t columns,
                                               Vector (&inputs)[count]) {
#pragma GCC unroll 24
  for (int i = 0; i < count; ++i) {
    const bool is_missing =
        (i < most_missing && left + i < 0) || (i >= count - most_missing && left + i >= columns);
    inputs[i] = is_missing ? Vector{} : load(from + i * kBlock);
  }
}

/// The outputs of `rows` rows from the `row`th on and of `columns` columns from `column` on, whose sums stay
/// in registers; an input is read once for all of them.
template <typename Across, int rows, int columns>
void multiply_patch(const LaneRows& all, int64_t row, int64_t column, const ProductFold& fold) {
  constexpr int kWidth = Across::kWidth, kStep = Across::kStep;
  const Window& w = all.window;
  const int64_t top = (all.first + row) * w.stride[1] - w.pad[1], left = column * kStep - w.pad[2];
  const int64_t end = std::min(w.in[1], top + (rows - 1) * w.stride[1] + w.kernel[1]);
  for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
    Vector sums[rows][columns] = {};
    for (int64_t y = std::max<int64_t>(top, 0); y < end; ++y) {
      Vector inputs[(columns - 1) * kStep + kWidth];
      load_padded<std::size(inputs), kWidth - 1>(all.plane + (y * w.in[2] + left) * kBlock + lane, left,
                                                 w.in[2], inputs);
#pragma GCC unroll 2
      for (int r = 0; r < rows; ++r) {
        const int64_t kh = y - top - r * w.stride[1];
        if (kh < 0 || kh >= w.kernel[1]) continue;
#pragma GCC unroll 7
        for (int kw = 0; kw < kWidth; ++kw) {
          const Vector tap = fold.tap(kh * kWidth + kw, lane);
#pragma GCC unroll 8
          for (int i = 0; i < columns; ++i) sums[r][i] += inputs[i * kStep + kw] * tap;
        }
      }
    }
#pragma GCC unroll 2
    for (int r = 0; r < rows; ++r) {
      float* const out = all.out + ((row + r) * w.out[2] + column) * kBlock + lane;
      fold.finish(lane, out, sums[r]);
#pragma GCC unroll 8
      for (int i = 0; i < columns; ++i) store(out + i * kBlock, sums[r][i]);
    }
  }
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
