// Included by files that set kernels::vector::kLanes and kFetchesAlong, once for each instruction set.

#pragma once

#include "kernels/blocked/sums_body.h"

namespace ridgeline::kernels::blocked {
namespace {

/// How inputs lie: in so many lines, of whose positions every `step`th counts.
template <int lines, int step>
struct Places {
  static constexpr int kLines = lines;
  static constexpr int64_t kStep = step * kBlock;
};

/// Where inputs come from: those of `rows` positions.
template <int rows, typename Places>
struct Lines {
  static constexpr int kOfLine = rows / Places::kLines;

  Lines(const float* first, int64_t line) : starts{first, first + (Places::kLines - 1) * line} {}
  const float* of(int row) const { return starts[row / kOfLine] + row % kOfLine * Places::kStep; }

  const float* starts[2];
};

template <int rows, typename Places>
inline void fetch_at_once(const Lines<rows, Places>& values) {
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) __builtin_prefetch(values.of(r), 0, 3);
}

/// What comes next, taken into the first-level cache: along with the products of each term a position and the
/// weights of a term to come, since all at once would keep products from what they read; where products leave
/// no time for that, all positions at once.
template <int rows, typename Places>
class Fetch {
 public:
  Fetch(const float* first, int64_t line) : values_(first, line), next_(first) {
    if constexpr (!kFetchesAlong) fetch_at_once(values_);
  }

  template <int vectors>
  void along_with(int64_t term, const float* weights) {
    if constexpr (kFetchesAlong) {
      __builtin_prefetch(next_, 0, 3);
      next_ += Places::kStep;
      if (Places::kLines == 2 && term + 1 == values_.kOfLine) next_ = values_.starts[1];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        __builtin_prefetch(weights + (kTermsAhead * vectors + v) * kLanes, 0, 3);
    }
  }

 private:
  static_assert(rows <= kBlock);
  static constexpr int kTermsAhead = 8;
  Lines<rows, Places> values_;
  const float* next_;
};

template <int rows, int vectors>
inline void fetch_residual(const PanelProduct& product, int64_t first) {
  if (product.finish == nullptr || product.finish->residual == nullptr) return;
  const float* const residual = product.finish->residual + first * kBlock;
  for (int v = 0; v < vectors; v += kVectorsOfBlock)
    fetch_at_once(Lines<rows, Places<1, 1>>(residual + lane_offset(v, product.c_block), 0));
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
