// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include "kernels/bytes/steps_body.h"

namespace ridgeline::kernels::bytes {
namespace {

constexpr int kLineVectors = static_cast<int>(kChannels) / kLanes;

/// A line's numbers.
struct LineValues {
  Vector vectors[kLineVectors];
};

#ifdef __AVX512BW__

/// Each vector has four of every sixteen channels, as instructions leave them that interleave bytes twice.
inline LineValues load_quartered(const float* channels) {
  LineValues values;
  auto* const to = reinterpret_cast<float*>(values.vectors);
  for (int vector = 0; vector < 4; ++vector)
    for (int quarter = 0; quarter < 4; ++quarter)
      std::memcpy(to + (vector * 4 + quarter) * 4, channels + (quarter * 4 + vector) * 4, 4 * sizeof(float));
  return values;
}

/// Packing brings them into order again. Bounds below are those of the types that numbers are packed to, as
/// NaN's whole number is the lowest.
inline void store_quartered(const Finish& finish, const LineValues& values, uint8_t* at) {
  const auto whole = [&](int v) {
    const auto high = reinterpret_cast<__m512>(vector::splat(finish.high));
    return _mm512_maskz_cvtps_epi32(
        0xffff, _mm512_maskz_min_ps(0xffff, high, reinterpret_cast<__m512>(values.vectors[v])));
  };
  const __m512i zero = _mm512_set1_epi16(static_cast<int16_t>(finish.zero));
  const auto lowest = static_cast<int32_t>(std::nearbyint(finish.low)) + finish.zero;
  const __m512i words[] = {_mm512_adds_epi16(_mm512_packs_epi32(whole(0), whole(1)), zero),
                           _mm512_adds_epi16(_mm512_packs_epi32(whole(2), whole(3)), zero)};
  _mm512_storeu_si512(at, _mm512_max_epu8(_mm512_packus_epi16(words[0], words[1]),
                                          _mm512_set1_epi8(static_cast<char>(lowest))));
}

#endif

}  // namespace
}  // namespace ridgeline::kernels::bytes
