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
inline Vector larger(Vector a, Vector b) {
#ifdef __AVX512F__
  const auto x = reinterpret_cast<__m512>(a), y = reinterpret_cast<__m512>(b);
  const __m512 most = _mm512_maskz_max_ps(0xffff, x, y);
  return reinterpret_cast<Vector>(_mm512_mask_add_ps(most, _mm512_cmpunord_ps_mask(x, y), x, y));
#else
  return vector::absolute(a) <= vector::kInfinity ? (a > b ? a : b) : a;
#endif
}

/// Columns of results all of whose taps lie inside the input: those whose taps need no division.
inline Range columns_inside(const Window& w) {
  return {outputs_inside(w, 2, 0).begin, outputs_inside(w, 2, w.kernel[2] - 1).end};
}

template <Numbers numbers, bool is_max>
void pool_row(const PoolRow& row) {
  constexpr int64_t kVectors = kChannels / kLanes;
  const Window& w = row.window;
  const int64_t in_lo = w.in[1] * w.in[2] * kChannels, out_lo = w.out[1] * w.out[2] * kChannels;
  const int64_t row_step = w.dilation[1] * w.in[2], step = w.dilation[2];
  const Range down = taps_inside(w, 1, row.row), inner = columns_inside(w);
  const int64_t top = (row.row * w.stride[1] - w.pad[1]) * w.in[2];
  const Vector start = is_max ? Vector{} - std::numeric_limits<float>::infinity() : Vector{};
  for (int64_t column = 0; column < w.out[2]; ++column) {
    const bool is_inner = column >= inner.begin && column < inner.end;
    const Range across = is_inner ? Range{0, w.kernel[2]} : taps_inside(w, 2, column);
    const Line* const first = row.plane + (top + column * w.stride[2] - w.pad[2]);
    Vector sums[kVectors];
    std::fill_n(sums, kVectors, start);
    for (int64_t kh = down.begin; kh < down.end; ++kh)
      for (int64_t kw = across.begin; kw < across.end; ++kw)
#pragma GCC unroll 8
        for (int64_t v = 0; v < kVectors; ++v) {
          const uint16_t* const from = first[kh * row_step + kw * step].numbers + v * kLanes;
          const Vector value = load_numbers<numbers>(from, in_lo);
          sums[v] = is_max ? larger(sums[v], value) : sums[v] + value;
        }
    float count = 1;
    if constexpr (!is_max)
      count = static_cast<float>(ref::counted_taps(w, *row.average, 1, row.row) *
                                 ref::counted_taps(w, *row.average, 2, column));
    for (int64_t v = 0; v < kVectors; ++v)
      store_numbers<numbers>(row.out[column].numbers + v * kLanes, out_lo,
                             is_max ? sums[v] : sums[v] / count);
  }
}

/// Several sums at a time, as each addition waits for the one before.
template <Numbers numbers>
void sum(const Pixels& pixels, const Line* from, float* sums) {
  constexpr int64_t kVectors = kChannels / kLanes, kSums = 4;
  const int64_t lo = pixels.lo * kChannels;
  Vector part[kSums][kVectors] = {};
  const auto add = [&](int64_t pixel, int64_t to) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v)
      part[to][v] += load_numbers<numbers>(from[pixel].numbers + v * kLanes, lo);
  };
  int64_t pixel = 0;
  for (; pixel + kSums <= pixels.count; pixel += kSums)
#pragma GCC unroll 4
    for (int64_t i = 0; i < kSums; ++i) add(pixel + i, i);
  for (; pixel < pixels.count; ++pixel) add(pixel, 0);
  for (int64_t v = 0; v < kVectors; ++v)
    vector::store(sums + v * kLanes, (part[0][v] + part[1][v]) + (part[2][v] + part[3][v]));
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
                                 .sum = sum<numbers>,
                                 .scale = scale<numbers>};

const LineKernels& kernels_of(Numbers numbers) {
  return numbers == Numbers::kBf16Pair ? kKernelsOf<Numbers::kBf16Pair> : kKernelsOf<Numbers::kBf16>;
}

}  // namespace
}  // namespace ridgeline::kernels::lines
