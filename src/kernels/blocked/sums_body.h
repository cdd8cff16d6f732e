// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include "kernels/blocked/panel_product.h"
#include "kernels/blocked/vectors_body.h"

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kVectorsOfBlock = kBlock / kLanes;

/// Where vector `v` of a position's lanes lies.
constexpr int64_t lane_offset(int64_t v, int64_t block) {
  return v / kVectorsOfBlock * block + v % kVectorsOfBlock * kLanes;
}

/// Fits nothing but sums that stay in registers: each loop is unrolled.
template <int rows, int vectors, typename Change>
inline void change_all(Vector (&sums)[rows][vectors], const Change& change) {
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v)
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) sums[r][v] = change(sums[r][v], v, r);
}

/// Sums would lie in memory where the compiler left a call, and what is known of the product would be read
/// again after each store but for its copies.
template <int rows, int vectors>
[[gnu::always_inline]] inline void write(const PanelProduct& product, int64_t first,
                                         Vector (&sums)[rows][vectors]) {
  float* const c = product.c + first * kBlock;
  const int64_t c_block = product.c_block, at_first = first * kBlock;
  const auto at = [c_block](int v, int r) { return lane_offset(v, c_block) + r * kBlock; };
  if (product.adds) change_all(sums, [&](Vector sum, int v, int r) { return sum + load(c + at(v, r)); });
  const Finish* const finish = product.finish;
  const bool is_bounded = finish != nullptr && finish->is_bounded();
  if (is_bounded) {
    const Bounds bounds(*finish);
    Vector biases[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) biases[v] = bounds.bias(v * kLanes);
    change_all(sums, [&](Vector sum, int v, int) { return sum + biases[v]; });
    if (const float* const residual = bounds.residual(); residual != nullptr)
      change_all(sums, [&](Vector sum, int v, int r) { return sum + load(residual + at_first + at(v, r)); });
    change_all(sums, [&](Vector sum, int, int) { return bounds.of(sum); });
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v)
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) store(c + at(v, r), sums[r][v]);
  if (finish == nullptr || is_bounded) return;
  for (int v = 0; v < vectors; ++v)
    finish_stored(*finish, c + at(v, 0), rows, v * kLanes, at_first + at(v, 0));
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
