// Included by one file per instruction set, which sets kLanes, kRows, kRowsReadTwice and kPanelBlocks: kRows
// positions of a panel stay in registers. Everything is local to that file, so that no other can be linked to
// code which its CPU lacks.

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/blocked/planes_product_body.h"
#include "kernels/blocked/sums_body.h"

namespace ridgeline::kernels::blocked {
namespace {

/// Lines of as many positions, into the first-level cache.
template <int rows>
inline void fetch(const float* first) {
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) __builtin_prefetch(first + r * kBlock, 0, 3);
}

template <int rows, int vectors>
inline void fetch_residual(const PanelProduct& product, int64_t first) {
  if (product.finish == nullptr || product.finish->residual == nullptr) return;
  for (int v = 0; v < vectors; v += kVectorsOfBlock)
    fetch<rows>(product.finish->residual + lane_offset(v, product.c_block) + first * kBlock);
}

/// Of Inputs::kBlocks, `rows` positions from `first` on.
template <int rows, int vectors>
void multiply_blocks(const PanelProduct& product, int64_t first, const float* ahead, int64_t ahead_step) {
  Vector sums[rows][vectors] = {};
  const float* b = product.b;
  fetch_residual<rows, vectors>(product, first);
  for (int64_t i = 0; i < product.count; ++i) {
    const float* const a = product.a + product.offsets[i] + first * kBlock;
    for (int64_t line = 0; line < ahead_step; line += kBlock) __builtin_prefetch(ahead + line, 0, 2);
    ahead += ahead_step;
    const bool is_last = i + 1 == product.count;
    fetch<rows>(is_last ? product.a + product.offsets[0] + (first + rows) * kBlock
                        : product.a + product.offsets[i + 1] + first * kBlock);
    const float* again = a;
    asm("" : "+r"(again));  // so that the compiler reads what it has in a register a second time
#pragma GCC unroll 1
    for (int64_t k = 0; k < kBlock; ++k, b += vectors * kLanes) {
      Vector columns[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) columns[v] = load(b + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
          const bool is_again = r < kRowsReadTwice && v % 2 == 1;
          sums[r][v] += (is_again ? again : a)[r * kBlock + k] * columns[v];
        }
    }
  }
  write(product, first, sums);
}

using MultiplyRows = void (*)(const PanelProduct& product, int64_t first, const float* ahead,
                              int64_t ahead_step);

/// Of 1 to kRows rows.
template <Inputs inputs, int blocks, int... rows>
constexpr std::array<MultiplyRows, kRows> by_rows(std::integer_sequence<int, rows...>) {
  if constexpr (inputs == Inputs::kPlanes)
    return {multiply_planes<rows + 1, blocks * kVectorsOfBlock>...};
  else
    return {multiply_blocks<rows + 1, blocks * kVectorsOfBlock>...};
}

template <Inputs inputs, int... blocks>
constexpr std::array<std::array<MultiplyRows, kRows>, kPanelBlocks> by_blocks(
    std::integer_sequence<int, blocks...>) {
  return {by_rows<inputs, blocks + 1>(std::make_integer_sequence<int, kRows>())...};
}

/// In as few cuts as there must be, of the same height or one less: 16 positions are 8 and 8, not 14 and 2.
void multiply(const PanelProduct& product) {
  using Blocks = std::make_integer_sequence<int, kPanelBlocks>;
  static constexpr auto kOfBlocks = by_blocks<Inputs::kBlocks>(Blocks());
  static constexpr auto kOfPlanes = by_blocks<Inputs::kPlanes>(Blocks());
  const auto& kernels =
      (product.inputs == Inputs::kBlocks ? kOfBlocks : kOfPlanes)[static_cast<size_t>(product.blocks - 1)];
  const int64_t cuts = ceil_div(product.positions, kRows);
  const int64_t ahead_floats = product.ahead != nullptr ? product.ahead_floats : 0;
  const int64_t ahead_step = ceil_div(ceil_div(ahead_floats, cuts * product.count), kBlock) * kBlock;
  int64_t first = 0;
  for (int64_t cut = 0; cut < cuts; ++cut) {
    const int64_t rows = ceil_div(product.positions - first, cuts - cut);
    kernels[static_cast<size_t>(rows - 1)](product, first, product.ahead + cut * product.count * ahead_step,
                                           ahead_step);
    first += rows;
  }
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
