// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include <algorithm>

#include "kernels/bytes/byte_kernels.h"
#include "kernels/vector/lanes_body.h"

namespace ridgeline::kernels::bytes {
namespace {

#ifdef __AVX512BW__

/// Sixteen pixels of four bytes, each lane's without those past its channels, behind each other.
class DensePixels {
 public:
  explicit DensePixels(int64_t channels) : channels_(channels) {
    alignas(64) uint8_t bytes[64] = {};
    alignas(64) int32_t cells[16] = {};
    for (int64_t i = 0; i < 4 * channels; ++i)
      for (int64_t lane = 0; lane < 4; ++lane)
        bytes[16 * lane + i] = static_cast<uint8_t>(i / channels * 4 + i % channels);
    for (int64_t i = 0; i < 4 * channels; ++i)
      cells[i] = static_cast<int32_t>(i / channels * 4 + i % channels);
    bytes_ = _mm512_load_si512(bytes);
    cells_ = _mm512_load_si512(cells);
  }

  void store(__m512i pixels, int64_t count, uint8_t* to) const {
    const __m512i lanes = _mm512_maskz_shuffle_epi8(~__mmask64{}, pixels, bytes_);
    const __m512i dense = _mm512_maskz_permutexvar_epi32(0xffff, cells_, lanes);
    _mm512_mask_storeu_epi8(to, ~__mmask64{} >> (64 - count * channels_), dense);
  }

 private:
  int64_t channels_;
  __m512i bytes_, cells_;
};

void to_dense_pixels(const PlaneRows& rows) {
  constexpr int64_t kTogether = 16;
  const DensePixels dense(rows.channels);
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(rows.flip));
  for (int64_t first = 0; first < rows.count; first += kTogether) {
    const int64_t count = std::min(kTogether, rows.count - first);
    const auto inside = static_cast<__mmask64>((1U << count) - 1);
    __m512i pixels = _mm512_setzero_si512();
    for (int64_t channel = rows.channels - 1; channel >= 0; --channel) {
      const __m512i steps = _mm512_maskz_loadu_epi8(inside, rows.rows[0][channel] + first);
      pixels = _mm512_or_si512(_mm512_maskz_slli_epi32(0xffff, pixels, 8),
                               _mm512_maskz_cvtepu8_epi32(0xffff, _mm512_castsi512_si128(steps)));
    }
    dense.store(_mm512_xor_si512(pixels, flip), count, rows.to + first * rows.channels);
  }
}

#else

void to_dense_pixels(const PlaneRows& rows) {
  for (int64_t pixel = 0; pixel < rows.count; ++pixel)
    for (int64_t channel = 0; channel < rows.channels; ++channel)
      rows.to[pixel * rows.channels + channel] = rows.rows[0][channel][pixel] ^ rows.flip;
}

#endif

}  // namespace
}  // namespace ridgeline::kernels::bytes
