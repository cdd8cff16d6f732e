// Included by row_kernels_body.h alone, once for each instruction set, with kLanes set.

#pragma once

#include "kernels/vector/functions_body.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels::vector {
namespace {

/// Σ f(x), f of a number and of a vector. So many are summed in FP32, in vectors enough to hide an addition's
/// latency; the sums of those in FP64.
template <typename F>
double sum_of(const float* row, int64_t count, F f) {
  constexpr int64_t kVectors = 4, kStep = kVectors * kLanes, kSteps = 64;
  double sum = 0;
  int64_t i = 0;
  while (i + kStep <= count) {
    Vector sums[kVectors] = {};
    for (int64_t step = 0; step < kSteps && i + kStep <= count; ++step, i += kStep)
#pragma GCC unroll 4
      for (int64_t v = 0; v < kVectors; ++v) sums[v] += f(load(row + i + v * kLanes));
    const Vector all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    for (int64_t lane = 0; lane < kLanes; ++lane) sum += all[lane];
  }
  for (; i < count; ++i) sum += f(row[i]);
  return sum;
}

/// The mean first, so that large ones cancel nothing.
RowMoments moments(const float* row, int64_t count) {
  const auto elements = static_cast<double>(count);
  const double mean = sum_of(row, count, [](auto x) { return x; }) / elements;
  const auto shift = static_cast<float>(mean);
  const double squares = sum_of(row, count, [shift](auto x) { return (x - shift) * (x - shift); });
  return {shift, static_cast<float>(squares / elements)};
}

void scale_by_one(const NormRow& row, float scale, float shift) {
  int64_t i = 0;
  for (; i + kLanes <= row.count; i += kLanes) store(row.out + i, load(row.in + i) * scale + shift);
  for (; i < row.count; ++i) row.out[i] = row.in[i] * scale + shift;
}

void scale_by_each(const NormRow& row, float mean, float inverse, const float* scale, const float* bias) {
  int64_t i = 0;
  for (; i + kLanes <= row.count; i += kLanes) {
    const Vector y = (load(row.in + i) - mean) * inverse * load(scale + i);
    store(row.out + i, bias == nullptr ? y : y + load(bias + i));
  }
  for (; i < row.count; ++i) {
    const float y = (row.in[i] - mean) * inverse * scale[i];
    row.out[i] = bias == nullptr ? y : y + bias[i];
  }
}

}  // namespace
}  // namespace ridgeline::kernels::vector
