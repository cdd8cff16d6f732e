// Included by one file per instruction set, which sets kernels::vector::kLanes. Everything is local to that
// file.

#include <algorithm>
#include <limits>

#include "kernels/blocked/block.h"
#include "kernels/lines/line_kernels.h"
#include "kernels/lines/numbers_body.h"
#include "kernels/lines/pixels_body.h"

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

template <Numbers numbers>
void mean(const Pixels& pixels, const Line* from, Line* to) {
  const int64_t lo = pixels.lo * kChannels;
  for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
    Vector sum{};
    for (int64_t pixel = 0; pixel < pixels.count; ++pixel)
      sum += load_numbers<numbers>(from[pixel].numbers + lane, lo);
    store_numbers<numbers>(to->numbers + lane, kChannels, sum / static_cast<float>(pixels.count));
  }
}

template <Numbers numbers>
void scale(const Pixels& pixels, const Line* from, const Line* factor, Line* to) {
  const int64_t lo = pixels.lo * kChannels;
  for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
    const Vector by = load_numbers<numbers>(factor->numbers + lane, kChannels);
    for (int64_t pixel = 0; pixel < pixels.count; ++pixel)
      store_numbers<numbers>(to[pixel].numbers + lane, lo,
                             load_numbers<numbers>(from[pixel].numbers + lane, lo) * by);
  }
}

template <Numbers numbers>
void pool(const PoolRow& row) {
  (row.average == nullptr ? pool_row<numbers, true> : pool_row<numbers, false>)(row);
}

template <Numbers numbers>
constexpr LineKernels kKernelsOf{.from_blocks = from_blocks<numbers>,
                                 .to_blocks = to_blocks<numbers>,
                                 .to_pixels = to_pixels<numbers>,
                                 .pool = pool<numbers>,
                                 .mean = mean<numbers>,
                                 .scale = scale<numbers>};

const LineKernels& kernels_of(Numbers numbers) {
  return numbers == Numbers::kBf16Pair ? kKernelsOf<Numbers::kBf16Pair> : kKernelsOf<Numbers::kBf16>;
}

}  // namespace
}  // namespace ridgeline::kernels::lines
