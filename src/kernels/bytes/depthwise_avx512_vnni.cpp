namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/bytes/depthwise_body.h"

namespace ridgeline::kernels::bytes {
namespace {

__m512i load(const void* at) { return _mm512_loadu_si512(at); }
void store(void* at, __m512i x) { _mm512_storeu_si512(at, x); }

/// A quarter of the channels to a vector, as the instruction for dot products takes them.
struct InterleavedProducts {
  static void interleave(const Line* const (&lines)[kTapsTogether], Four& four) {
    const __m512i a = load(lines[0]), b = load(lines[1]), c = load(lines[2]), d = load(lines[3]);
    const __m512i low_first = _mm512_unpacklo_epi8(a, b), high_first = _mm512_unpackhi_epi8(a, b);
    const __m512i low_last = _mm512_unpacklo_epi8(c, d), high_last = _mm512_unpackhi_epi8(c, d);
    store(four.quarters, _mm512_unpacklo_epi16(low_first, low_last));
    store(four.quarters + 1, _mm512_unpackhi_epi16(low_first, low_last));
    store(four.quarters + 2, _mm512_unpacklo_epi16(high_first, high_last));
    store(four.quarters + 3, _mm512_unpackhi_epi16(high_first, high_last));
  }

  /// Last, each sixteen channels' quarters are brought together.
  static void sum(const Fours& fours, int32_t* sums) {
    __m512i of[4] = {};
    const int8_t* weights = fours.weights;
    for (int64_t row = 0; row < fours.rows; ++row) {
      const Four* four = fours.first + row * fours.row_step;
      for (int64_t tap = 0; tap < fours.taps; ++tap, four += fours.step, weights += sizeof(Four))
#pragma GCC unroll 4
        for (int quarter = 0; quarter < 4; ++quarter)
          of[quarter] = _mm512_dpbusd_epi32(of[quarter], load(four->quarters + quarter),
                                            load(weights + quarter * kLineBytes));
    }
    constexpr int kLow = 0x44, kHigh = 0xee, kEven = 0x88, kOdd = 0xdd;
    const __m512i a = _mm512_shuffle_i32x4(of[0], of[1], kLow), b = _mm512_shuffle_i32x4(of[2], of[3], kLow);
    const __m512i c = _mm512_shuffle_i32x4(of[0], of[1], kHigh),
                  d = _mm512_shuffle_i32x4(of[2], of[3], kHigh);
    const __m512i ordered[4] = {_mm512_shuffle_i32x4(a, b, kEven), _mm512_shuffle_i32x4(a, b, kOdd),
                                _mm512_shuffle_i32x4(c, d, kEven), _mm512_shuffle_i32x4(c, d, kOdd)};
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; ++i)
      store(sums + i * 16, _mm512_add_epi32(ordered[i], load(fours.corrections + i * 16)));
  }
};

}  // namespace

void avx512_vnni_depthwise(const DepthwiseRow& row) { multiply_row<InterleavedProducts>(row); }

}  // namespace ridgeline::kernels::bytes
