// Included by one file per instruction set, which sets kernels::vector::kLanes. Everything is local to that
// file.

#include <algorithm>
#include <limits>

#include "kernels/blocked/block.h"
#include "kernels/lines/line_kernels.h"
#include "kernels/lines/numbers_body.h"

namespace ridgeline::kernels::lines {
namespace {

using blocked::kBlock;

template <Numbers numbers>
void from_blocks(const Pixels& pixels, const float* first, const float* second, Line* to) {
  const int64_t lo = pixels.lo * kChannels;
  for (int64_t pixel = 0; pixel < pixels.count; ++pixel)
#pragma GCC unroll 8
    for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
      const float* const block = lane < kBlock ? first : second;
      const Vector x = block != nullptr ? vector::load(block + pixel * kBlock + lane % kBlock) : Vector{};
      store_numbers<numbers>(to[pixel].numbers + lane, lo, x);
    }
}

template <Numbers numbers>
void to_blocks(const Pixels& pixels, const Line* from, float* first, float* second) {
  const int64_t lo = pixels.lo * kChannels;
  for (int64_t pixel = 0; pixel < pixels.count; ++pixel)
#pragma GCC unroll 8
    for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
      float* const block = lane < kBlock ? first : second;
      if (block != nullptr)
        vector::store(block + pixel * kBlock + lane % kBlock,
                      load_numbers<numbers>(from[pixel].numbers + lane, lo));
    }
}

/// NaN wins, as in ref::max_pool.
inline Vector larger(Vector a, Vector b) { return a > b || a != a ? a : b; }

template <Numbers numbers, bool is_max>
void pool_row(const PoolRow& row) {
  const Window& w = row.window;
  const int64_t in_lo = w.in[1] * w.in[2] * kChannels, out_lo = w.out[1] * w.out[2] * kChannels;
  const Range down = taps_inside(w, 1, row.row);
  const Vector start = is_max ? Vector{} - std::numeric_limits<float>::infinity() : Vector{};
  for (int64_t column = 0; column < w.out[2]; ++column) {
    const Range across = taps_inside(w, 2, column);
    float count = 1;
    if constexpr (!is_max)
      count = static_cast<float>(ref::counted_taps(w, *row.average, 1, row.row) *
                                 ref::counted_taps(w, *row.average, 2, column));
    for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
      Vector sum = start;
      for (int64_t kh = down.begin; kh < down.end; ++kh)
        for (int64_t kw = across.begin; kw < across.end; ++kw) {
          const int64_t y = row.row * w.stride[1] - w.pad[1] + kh * w.dilation[1];
          const int64_t x = column * w.stride[2] - w.pad[2] + kw * w.dilation[2];
          const Vector value = load_numbers<numbers>(row.plane[y * w.in[2] + x].numbers + lane, in_lo);
          sum = is_max ? larger(sum, value) : sum + value;
        }
      store_numbers<numbers>(row.out[column].numbers + lane, out_lo, is_max ? sum : sum / count);
    }
  }
}

void pool_any(const PoolRow& row) {
  const bool is_max = row.average == nullptr;
  if (row.numbers == Numbers::kBf16Pair)
    is_max ? pool_row<Numbers::kBf16Pair, true>(row) : pool_row<Numbers::kBf16Pair, false>(row);
  else
    is_max ? pool_row<Numbers::kBf16, true>(row) : pool_row<Numbers::kBf16, false>(row);
}

void from_any_blocks(const Pixels& pixels, const float* first, const float* second, Line* to) {
  const bool is_pair = pixels.numbers == Numbers::kBf16Pair;
  (is_pair ? from_blocks<Numbers::kBf16Pair> : from_blocks<Numbers::kBf16>)(pixels, first, second, to);
}

void to_any_blocks(const Pixels& pixels, const Line* from, float* first, float* second) {
  const bool is_pair = pixels.numbers == Numbers::kBf16Pair;
  (is_pair ? to_blocks<Numbers::kBf16Pair> : to_blocks<Numbers::kBf16>)(pixels, from, first, second);
}

constexpr LineKernels kLineKernels{
    .from_blocks = from_any_blocks, .to_blocks = to_any_blocks, .pool = pool_any};

}  // namespace
}  // namespace ridgeline::kernels::lines
