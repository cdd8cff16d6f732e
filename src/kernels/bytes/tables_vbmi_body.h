// Included by lookups_body.h: tables of 256 for the steps of a line, by bytes that AVX-512 VBMI looks up.

#pragma once

#include "kernels/bytes/line_values_body.h"

namespace ridgeline::kernels::bytes {
namespace {

constexpr __mmask64 kAllBytes = ~__mmask64{0};  // GCC 12 warns of the unmasked functions' own header

class StepTable {
 public:
  explicit StepTable(const uint8_t* table) {
    for (int i = 0; i < 4; ++i) quarters_[i] = _mm512_loadu_si512(table + i * 64);
  }

  __m512i of(__m512i steps) const {
    const __m512i low = _mm512_permutex2var_epi8(quarters_[0], steps, quarters_[1]);
    const __m512i high = _mm512_permutex2var_epi8(quarters_[2], steps, quarters_[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(steps), low, high);
  }
  void look_up(const uint8_t* steps, uint8_t* out) const {
    _mm512_storeu_si512(out, of(_mm512_loadu_si512(steps)));
  }

 private:
  __m512i quarters_[4];
};

/// A number's four bytes come from tables of their own. Sixteen bytes that lie together give, four by four,
/// a part of each vector: the vectors' parts are those of the line's four quarters.
class ValueTable {
 public:
  explicit ValueTable(const float* values)
      : bytes_{byte_table(values, 0), byte_table(values, 1), byte_table(values, 2), byte_table(values, 3)} {}

  LineValues of(const uint8_t* at) const {
    const __m512i steps = _mm512_loadu_si512(at);
    const __m512i bytes[] = {bytes_[0].of(steps), bytes_[1].of(steps), bytes_[2].of(steps),
                             bytes_[3].of(steps)};
    const __m512i low[] = {_mm512_maskz_unpacklo_epi8(kAllBytes, bytes[0], bytes[1]),
                           _mm512_maskz_unpackhi_epi8(kAllBytes, bytes[0], bytes[1])};
    const __m512i high[] = {_mm512_maskz_unpacklo_epi8(kAllBytes, bytes[2], bytes[3]),
                            _mm512_maskz_unpackhi_epi8(kAllBytes, bytes[2], bytes[3])};
    LineValues values;
    for (int half = 0; half < 2; ++half) {
      values.vectors[2 * half] =
          reinterpret_cast<Vector>(_mm512_maskz_unpacklo_epi16(~__mmask32{0}, low[half], high[half]));
      values.vectors[2 * half + 1] =
          reinterpret_cast<Vector>(_mm512_maskz_unpackhi_epi16(~__mmask32{0}, low[half], high[half]));
    }
    return values;
  }

 private:
  static StepTable byte_table(const float* values, int byte) {
    uint8_t table[256];
    for (int i = 0; i < 256; ++i) table[i] = reinterpret_cast<const uint8_t*>(values + i)[byte];
    return StepTable(table);
  }

  StepTable bytes_[4];
};

inline LineValues load_values(const float* channels) { return load_quartered(channels); }
inline void store_values(const Finish& finish, const LineValues& values, uint8_t* at) {
  store_quartered(finish, values, at);
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
