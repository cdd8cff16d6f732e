// Included by one file per instruction set, which sets kernels::vector::kLanes to 16, kRows, and
// kernels::blocked::kFetchesAlong, and defines dot(sums, cell, columns).

#pragma once

#include <array>
#include <utility>

#include "kernels/blocked/even_cuts_body.h"
#include "kernels/blocked/fetch_body.h"
#include "kernels/winograd/vectors_body.h"

namespace ridgeline::kernels::winograd {
namespace {

using vector::Ints;

/// `rows` tiles from `first` on, by a panel of two vectors.
template <int rows>
void multiply_cells(const blocked::PanelProduct& product, int64_t first, const float* ahead,
                    int64_t ahead_step) {
  using blocked::kBlock;
  using Places = blocked::Places<1, 1>;
  Ints sums[rows][kVectors] = {};
  const float* b = product.b;
  for (int64_t i = 0; i < product.count; ++i) {
    const float* const a = product.a + product.offsets[i] + first * kBlock;
    for (int64_t line = 0; line < ahead_step; line += kBlock) __builtin_prefetch(ahead + line, 0, 2);
    ahead += ahead_step;
    const bool is_last = i + 1 == product.count;
    blocked::Fetch<rows, Places> next(is_last ? product.a + product.offsets[0] + (first + rows) * kBlock
                                              : product.a + product.offsets[i + 1] + first * kBlock,
                                      0);
#pragma GCC unroll 1
    for (int64_t k = 0; k < kBlock; ++k, b += kPanel) {
      next.template along_with<kVectors>(k, b);
      const Ints columns[kVectors] = {reinterpret_cast<Ints>(load(b)),
                                      reinterpret_cast<Ints>(load(b + kLanes))};
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sums[r][v] = dot(sums[r][v], a + r * kBlock + k, columns[v]);
    }
  }
  float* const c = product.c + first * kBlock;
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v)
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
      store(c + v * product.c_block + r * kBlock, reinterpret_cast<Vector>(sums[r][v]));
}

using MultiplyCells = void (*)(const blocked::PanelProduct& product, int64_t first, const float* ahead,
                               int64_t ahead_step);

/// multiply_cells<1> to multiply_cells<kRows>.
template <int... rows>
constexpr std::array<MultiplyCells, kRows> cells_by_rows(std::integer_sequence<int, rows...>) {
  return {multiply_cells<rows + 1>...};
}

void multiply(const blocked::PanelProduct& product) {
  static constexpr auto kByRows = cells_by_rows(std::make_integer_sequence<int, kRows>());
  blocked::for_each_cut(product, kRows,
                        [&](uint32_t, uint32_t rows, int64_t first, const blocked::CutAhead& ahead) {
                          kByRows[rows - 1](product, first, ahead.at, ahead.floats);
                        });
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
