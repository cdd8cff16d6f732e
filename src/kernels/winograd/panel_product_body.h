// Included by tile_kernels_body.h, once for each instruction set: kRows × kPanel sums stay in registers.

#pragma once

#include <array>
#include <utility>

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

using MultiplyRows = void (*)(const PanelProduct& product);

/// multiply_rows<1> to multiply_rows<kRows>.
template <int... rows>
constexpr std::array<MultiplyRows, kRows> by_rows(std::integer_sequence<int, rows...>) {
  return {multiply_rows<rows + 1>...};
}

/// In as few blocks of rows as there must be, of the same height or one less: 16 rows are 8 and 8, not 14
/// and 2.
void multiply(const PanelProduct& product) {
  static constexpr auto kByRows = by_rows(std::make_integer_sequence<int, kRows>());
  PanelProduct rest = product;
  for (int64_t blocks = (product.rows + kRows - 1) / kRows; blocks > 0; --blocks) {
    const int64_t rows = (rest.rows + blocks - 1) / blocks;
    kByRows[static_cast<size_t>(rows - 1)](rest);
    rest.a += rows * rest.a_row;
    rest.c += rows * rest.c_row;
    rest.rows -= rows;
  }
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
