// Included by row_kernels_body.h alone, once for each instruction set, with kLanes set.

#pragma once

#include "kernels/vector/functions_body.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels::vector {
namespace {

/// e^x for x ≤ 0, and 0 where that is next to nothing beside the 1 of the largest: masked scores would leave
/// denormal numbers, and products with those take a hundred times as long.
Vector weight_of(Vector x) {
  constexpr float kNothing = 1e-30F;  // times a sum's inverse it is normal still
  const Vector weight = exp_of_minus(clamped(-x, 0, 87));
  return weight < kNothing ? Vector{} : weight;
}

/// One line whose elements lie side by side.
void softmax_line(const SoftmaxLines& line) {
  const int64_t whole = line.count / kLanes * kLanes, rest = line.count - whole;
  const Vector last = load_some(line.in + whole, rest, splat(-kInfinity));
  Vector largest = last;
  for (int64_t i = 0; i < whole; i += kLanes) {
    const Vector x = load(line.in + i);
    largest = x > largest ? x : largest;
  }
  const float top = folded(largest, [](float a, float b) { return a > b ? a : b; });
  const Vector last_weights = weight_of(last - top);
  Vector sums = last_weights;
#pragma GCC unroll 2
  for (int64_t i = 0; i < whole; i += kLanes) {
    const Vector e = weight_of(load(line.in + i) - top);
    if (!line.logarithm) store(line.out + i, e);
    sums += e;
  }
  const float sum = folded(sums, [](float a, float b) { return a + b; });
  if (line.logarithm) {
    const float shift = top + __builtin_logf(sum);
    for (int64_t i = 0; i < line.count; ++i) line.out[i] = line.in[i] - shift;
    return;
  }
  const float scale = 1 / sum;
  for (int64_t i = 0; i < whole; i += kLanes) store(line.out + i, load(line.out + i) * scale);
  store_some(line.out + whole, last_weights * scale, rest);
}

/// As many lines as a vector has lanes, or `some` of them, side by side.
template <typename Load, typename Store>
void softmax_columns(const SoftmaxLines& lines, int64_t first, Load load_at, Store store_at) {
  const float* in = lines.in + first;
  float* out = lines.out + first;
  Vector top = splat(-kInfinity), sum{};
  for (int64_t i = 0; i < lines.count; ++i) {
    const Vector x = load_at(in + i * lines.stride);
    top = x > top ? x : top;
  }
  for (int64_t i = 0; i < lines.count; ++i) {
    const Vector e = weight_of(load_at(in + i * lines.stride) - top);
    if (!lines.logarithm) store_at(out + i * lines.stride, e);
    sum += e;
  }
  if (lines.logarithm) {
    for (int64_t lane = 0; lane < kLanes; ++lane) sum[lane] = __builtin_logf(sum[lane]);
    for (int64_t i = 0; i < lines.count; ++i)
      store_at(out + i * lines.stride, load_at(in + i * lines.stride) - top - sum);
  } else {
    const Vector scale = 1 / sum;
    for (int64_t i = 0; i < lines.count; ++i)
      store_at(out + i * lines.stride, load_at(out + i * lines.stride) * scale);
  }
}

void softmax(const SoftmaxLines& lines) {
  if (lines.stride == 1) return softmax_line(lines);
  int64_t first = 0;
  for (; first + kLanes <= lines.lines; first += kLanes) softmax_columns(lines, first, load, store);
  if (const int64_t some = lines.lines - first; some > 0) {
    softmax_columns(
        lines, first, [some](const float* at) { return load_some(at, some); },
        [some](float* at, Vector x) { store_some(at, x, some); });
  }
}

}  // namespace
}  // namespace ridgeline::kernels::vector
