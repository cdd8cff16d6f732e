// Included by one file per instruction set, which sets kLanes, kRows, kPanelBlocks and kFetchesAlong: kRows
// positions of a panel stay in registers. Everything is local to that file, so that no other can be linked to
// code which its CPU lacks.

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/blocked/even_cuts_body.h"
#include "kernels/blocked/fetch_body.h"
#include "kernels/blocked/planes_product_body.h"
#include "kernels/blocked/sums_body.h"

namespace ridgeline::kernels::blocked {
namespace {

enum class Weights { kPlain, kToScale };

/// The next term's.
template <int vectors>
[[gnu::always_inline]] inline void scale(Vector (&columns)[vectors], Scaling& scaling) {
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    columns[v] *= *scaling.factors;
    store(scaling.scaled + v * kLanes, columns[v]);
  }
  ++scaling.factors;
  scaling.scaled += vectors * kLanes;
}

/// Of Inputs::kBlocks, `rows` positions from `first` on.
template <typename Places, Weights weights, int rows, int vectors>
void multiply_blocks(const PanelProduct& product, int64_t first, const float* ahead, int64_t ahead_step) {
  constexpr bool kScales = weights == Weights::kToScale;
  Vector sums[rows][vectors] = {};
  const float* b = kScales ? product.scaling->weights : product.b;
  const int64_t full_count = product.count - product.short_count;
  Scaling scaling = kScales ? *product.scaling : Scaling();
  fetch_residual<rows, vectors>(product, first);
  for (int64_t i = 0; i < product.count; ++i) {
    const float* const a = product.a + product.offsets[i] + first * Places::kStep;
    for (int64_t line = 0; line < ahead_step; line += kBlock) __builtin_prefetch(ahead + line, 0, 2);
    ahead += ahead_step;
    const bool is_last = i + 1 == product.count;
    Fetch<rows, Places> next(is_last ? product.a + product.offsets[0] + (first + rows) * Places::kStep
                                     : product.a + product.offsets[i + 1] + first * Places::kStep,
                             product.a_line);
    const Lines<rows, Places> values(a, product.a_line);
    const int64_t terms = i < full_count ? kBlock : product.short_terms;
#pragma GCC unroll 1
    for (int64_t k = 0; k < terms; ++k, b += vectors * kLanes) {
      next.template along_with<vectors>(k, b);
      Vector columns[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) columns[v] = load(b + v * kLanes);
      if constexpr (kScales) scale(columns, scaling);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sums[r][v] += values.of(r)[k] * columns[v];
    }
    b += (kBlock - terms) * vectors * kLanes;
  }
  write(product, first, sums);
}

using MultiplyRows = void (*)(const PanelProduct& product, int64_t first, const float* ahead,
                              int64_t ahead_step);

/// Of 1 to so many positions of each line.
template <Inputs inputs, typename Places, Weights weights, int blocks, int... of_line>
constexpr auto by_rows(std::integer_sequence<int, of_line...>) {
  using ByRows = std::array<MultiplyRows, sizeof...(of_line)>;
  if constexpr (inputs == Inputs::kPlanes)
    return ByRows{multiply_planes<of_line + 1, blocks * kVectorsOfBlock>...};
  else
    return ByRows{
        multiply_blocks<Places, weights, (of_line + 1) * Places::kLines, blocks * kVectorsOfBlock>...};
}

template <Inputs inputs, typename Places, Weights weights, int... blocks>
constexpr auto by_blocks(std::integer_sequence<int, blocks...>) {
  return std::array<std::array<MultiplyRows, kRows / Places::kLines>, kPanelBlocks>{
      by_rows<inputs, Places, weights, blocks + 1>(
          std::make_integer_sequence<int, kRows / Places::kLines>())...};
}

template <Inputs inputs, typename Places, Weights of_first_cut = Weights::kPlain>
void multiply_lines(const PanelProduct& product) {
  using Blocks = std::make_integer_sequence<int, kPanelBlocks>;
  static constexpr auto kFirst = by_blocks<inputs, Places, of_first_cut>(Blocks());
  static constexpr auto kNext = by_blocks<inputs, Places, Weights::kPlain>(Blocks());
  const auto panel = static_cast<size_t>(product.blocks - 1);
  for_each_cut(product, kRows / Places::kLines,
               [&](uint32_t cut, uint32_t rows, int64_t first, const CutAhead& ahead) {
                 const auto& kernels = (cut == 0 ? kFirst : kNext)[panel];
                 kernels[rows - 1](product, first, ahead.at, ahead.floats);
               });
}

void multiply(const PanelProduct& product) {
  using Inputs::kBlocks, Inputs::kPlanes;
  if (product.inputs == kPlanes) return multiply_lines<kPlanes, Places<1, 1>>(product);
  if (product.scaling != nullptr) return multiply_lines<kBlocks, Places<1, 1>, Weights::kToScale>(product);
  if (product.lines == 2)
    return product.step == 2 ? multiply_lines<kBlocks, Places<2, 2>>(product)
                             : multiply_lines<kBlocks, Places<2, 1>>(product);
  product.step == 2 ? multiply_lines<kBlocks, Places<1, 2>>(product)
                    : multiply_lines<kBlocks, Places<1, 1>>(product);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
