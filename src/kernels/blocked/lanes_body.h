// Included by one file per instruction set, which sets kLanes. Everything is local to that
// file.

#include <limits>

#include "kernels/blocked/channel_norm_body.h"
#include "kernels/blocked/sliding_body.h"

namespace ridgeline::kernels::blocked {
namespace {

struct Nothing {};

/// NaN wins, as in ref::max_pool.
struct MaxFold {
  static Vector start() { return Vector{} - std::numeric_limits<float>::infinity(); }
  static Nothing tap(int64_t, int64_t) { return {}; }
  Vector operator()(Vector sum, Vector x, Nothing) const { return sum > x || sum != sum ? sum : x; }
  template <int together>
  static void finish(int64_t, const float*, Vector (&)[together]) {}
};

struct SumFold {
  static Vector start() { return Vector{}; }
  static Nothing tap(int64_t, int64_t) { return {}; }
  Vector operator()(Vector sum, Vector x, Nothing) const { return sum + x; }
  template <int together>
  static void finish(int64_t, const float*, Vector (&)[together]) {}
};

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

void max_row(const LaneRow& row) { slide_row(row, MaxFold()); }
void sum_row(const LaneRow& row) { slide_row(row, SumFold()); }
void multiply_rows(const LaneRow& first, int64_t rows, const float* weights, const Finish& finish) {
  const Window& w = first.window;
  const bool is_bounded = finish.is_bounded();
  const Bounds bounds(finish);
  const ProductFold fold{weights, first.out, is_bounded ? &bounds : nullptr};
  LaneRow row = first;
  for (int64_t done = 0; done < rows; ++done) {
    slide_row(row, fold);
    row.out += w.out[2] * kBlock;
    row.taps = taps_inside(w, 1, ++row.row);
  }
  if (is_bounded) return;
  for (int64_t lane = 0; lane < kBlock; lane += kLanes)
    finish_stored(finish, first.out + lane, rows * w.out[2], lane, lane);
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
    Vector sums[4] = {};  // so that no addition waits for the one before
    int64_t pixel = 0;
    for (; pixel + 4 <= pixels; pixel += 4)
      for (int i = 0; i < 4; ++i) sums[i] += load(in + (pixel + i) * kBlock + lane);
    for (; pixel < pixels; ++pixel) sums[0] += load(in + pixel * kBlock + lane);
    store(out + lane, (sums[0] + sums[1] + (sums[2] + sums[3])) / static_cast<float>(pixels));
  }
}

template <size_t taps>
void sample_by(const SampledRow& row) {
  const ref::SampledAxis& columns = row.columns;
  for (size_t i = 0; i < columns.pixels[0].size(); ++i)
    for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
      float* const to = row.out + static_cast<int64_t>(i) * kBlock + lane;
      Vector sum = row.adds ? load(to) : Vector{};
      for (size_t tap = 0; tap < taps; ++tap)
        sum += load(row.in + columns.pixels[tap][i] * kBlock + lane) * (row.weight * columns.weights[tap][i]);
      store(to, sum);
    }
}

void sample_row(const SampledRow& row) {
  if (row.columns.pixels.size() == 1) return sample_by<1>(row);
  return row.columns.pixels.size() == 2 ? sample_by<2>(row) : sample_by<4>(row);
}

constexpr LaneKernels kLaneKernels{.max = max_row,
                                   .sum = sum_row,
                                   .multiply = multiply_rows,
                                   .scale = scale_plane,
                                   .mean = mean,
                                   .sample = sample_row,
                                   .normalise = normalise};

}  // namespace
}  // namespace ridgeline::kernels::blocked
