// Included by one file per instruction set, which sets kLanes and kColumns: the sums of two rows of so many
// columns stay in registers. Everything is local to that file.

#include <limits>

#include "kernels/blocked/channel_norm_body.h"
#include "kernels/blocked/depthwise_body.h"

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

void max_row(const LaneRow& row) { slide_row(row, MaxFold()); }
void sum_row(const LaneRow& row) { slide_row(row, SumFold()); }

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
