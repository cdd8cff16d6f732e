// Included by tile_kernels_body.h, once for each instruction set: kRows × kPanel sums stay in registers.

#pragma once

#include "kernels/winograd/vectors_body.h"

namespace ridgeline::kernels::winograd {
namespace {

template <int rows>
void multiply_rows(const PanelProduct& product) {
  Vector sums[rows][kVectors] = {};
  const float* a = product.a;
  const float* b = product.b;
  for (int64_t p = 0; p < product.depth; ++p, a += product.a_step, b += product.b_step) {
    const Vector columns[kVectors] = {load(b), load(b + kLanes)};
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[r][v] += a[r * product.a_row] * columns[v];
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* const c = product.c + r * product.c_row + v * kLanes;
      store(c, product.adds ? load(c) + sums[r][v] : sums[r][v]);
    }
}

/// What is left of a product of less than kRows rows.
template <int rows>
void multiply_last(const PanelProduct& product) {
  if constexpr (rows > 0) {
    if (product.rows == rows) return multiply_rows<rows>(product);
    multiply_last<rows - 1>(product);
  }
}

void multiply(const PanelProduct& product) {
  PanelProduct rest = product;
  for (; rest.rows >= kRows; rest.rows -= kRows) {
    multiply_rows<kRows>(rest);
    rest.a += kRows * rest.a_row;
    rest.c += kRows * rest.c_row;
  }
  multiply_last<kRows - 1>(rest);
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
