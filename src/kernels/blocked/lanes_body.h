// Included by one file per instruction set, which sets kLanes and kTogether. Everything is local to that
// file.

#include <limits>

#include "kernels/blocked/lanes.h"
#include "kernels/blocked/vectors_body.h"

namespace ridgeline::kernels::blocked {
namespace {

/// fold(sum, x, tap) over the taps of `together` columns from `column` on, which `taps` lie inside of all. A
/// tap is read once for all of them.
template <int together, typename Fold>
inline void fold_columns(const LaneRow& row, int64_t column, const Range& taps, int64_t lane, Vector start,
                         const Fold& fold, Vector (&sums)[together]) {
  const Window& w = row.window;
  const int64_t step = w.stride[2] * kBlock;
#pragma GCC unroll 8
  for (int i = 0; i < together; ++i) sums[i] = start;
  for (int64_t kh = row.taps.begin; kh < row.taps.end; ++kh) {
    const int64_t y = row.row * w.stride[1] - w.pad[1] + kh * w.dilation[1];
    for (int64_t kw = taps.begin; kw < taps.end; ++kw) {
      const int64_t x = column * w.stride[2] - w.pad[2] + kw * w.dilation[2];
      const float* const from = row.plane + (y * w.in[2] + x) * kBlock + lane;
      const auto tap = fold.tap(kh * w.kernel[2] + kw, lane);
#pragma GCC unroll 8
      for (int i = 0; i < together; ++i) sums[i] = fold(sums[i], load(from + i * step), tap);
    }
  }
}

template <int together, typename Fold>
inline void slide(const LaneRow& row, int64_t column, const Range& taps, const Fold& fold) {
  for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
    Vector sums[together];
    fold_columns(row, column, taps, lane, fold.start(), fold, sums);
#pragma GCC unroll 8
    for (int i = 0; i < together; ++i) {
      float* const out = row.out + (column + i) * kBlock + lane;
      store(out, fold.finish(sums[i], lane, out));
    }
  }
}

template <typename Fold>
void slide_row(const LaneRow& row, const Fold& fold) {
  const auto one = [&](int64_t column) { slide<1>(row, column, taps_inside(row.window, 2, column), fold); };
  const Range all{0, row.window.kernel[2]};
  int64_t column = 0;
  for (; column < row.inner.begin; ++column) one(column);
  for (; column + kTogether <= row.inner.end; column += kTogether) slide<kTogether>(row, column, all, fold);
  for (; column < row.inner.end; ++column) slide<1>(row, column, all, fold);
  for (; column < row.window.out[2]; ++column) one(column);
}

struct Nothing {};

/// NaN wins, as in ref::max_pool.
struct MaxFold {
  static Vector start() { return Vector{} - std::numeric_limits<float>::infinity(); }
  static Nothing tap(int64_t, int64_t) { return {}; }
  Vector operator()(Vector sum, Vector x, Nothing) const { return sum > x || sum != sum ? sum : x; }
  static Vector finish(Vector sum, int64_t, const float*) { return sum; }
};

struct SumFold {
  static Vector start() { return Vector{}; }
  static Nothing tap(int64_t, int64_t) { return {}; }
  Vector operator()(Vector sum, Vector x, Nothing) const { return sum + x; }
  static Vector finish(Vector sum, int64_t, const float*) { return sum; }
};

struct ProductFold {
  const float* weights;
  const Finish& finishing;
  const float* out;

  static Vector start() { return Vector{}; }
  Vector tap(int64_t tap, int64_t lane) const { return load(weights + tap * kBlock + lane); }
  Vector operator()(Vector sum, Vector x, Vector weight) const { return sum + x * weight; }
  Vector finish(Vector sum, int64_t lane, const float* to) const {
    return finished(finishing, sum, lane, to - out);
  }
};

void max_row(const LaneRow& row) { slide_row(row, MaxFold()); }
void sum_row(const LaneRow& row) { slide_row(row, SumFold()); }
void multiply_row(const LaneRow& row, const float* weights, const Finish& finish) {
  slide_row(row, ProductFold{weights, finish, row.out});
}

void scale_plane(const float* in, const float* factor, int64_t pixels, float* out) {
  for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
    const Vector by = load(factor + lane);
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      store(out + pixel * kBlock + lane, load(in + pixel * kBlock + lane) * by);
  }
}

void mean(const float* in, int64_t pixels, float* out) {
  for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
    Vector sum{};
    for (int64_t pixel = 0; pixel < pixels; ++pixel) sum += load(in + pixel * kBlock + lane);
    store(out + lane, sum / static_cast<float>(pixels));
  }
}

constexpr LaneKernels kLaneKernels{
    .max = max_row, .sum = sum_row, .multiply = multiply_row, .scale = scale_plane, .mean = mean};

}  // namespace
}  // namespace ridgeline::kernels::blocked
