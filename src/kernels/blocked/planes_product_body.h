// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include "kernels/blocked/sums_body.h"

namespace ridgeline::kernels::blocked {
namespace {

/// Of Inputs::kPlanes, `rows` positions from `first` on; there is nothing to fetch ahead.
template <int rows, int vectors>
void multiply_planes(const PanelProduct& product, int64_t first, const float*, int64_t) {
  Vector sums[rows][vectors] = {};
  const float* b = product.b;
#pragma GCC unroll 3
  for (int64_t i = 0; i < product.count; ++i, b += vectors * kLanes) {
    const float* const a = product.a + product.offsets[i] + first;
    Vector columns[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) columns[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sums[r][v] += a[r] * columns[v];
  }
  write(product, first, sums);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
