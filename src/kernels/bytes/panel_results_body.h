// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include "kernels/bytes/steps_body.h"

namespace ridgeline::kernels::bytes {
namespace {

#ifdef __AVX512BW__

/// Of 32 channels.
struct PanelValues {
  Vector low, high;
};

/// Turns values of a panel's channels into steps, two positions at a time, as packing takes them. Bounds
/// below are those of the types that numbers are packed to, as NaN's whole number is the lowest.
class PanelSteps {
 public:
  explicit PanelSteps(const Finish& finish)
      : high_(_mm512_set1_ps(finish.high)),
        zero_(_mm512_set1_epi16(static_cast<int16_t>(finish.zero))),
        lowest_(_mm512_set1_epi8(
            static_cast<char>(static_cast<int32_t>(std::nearbyint(finish.low)) + finish.zero))),
        order_(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)) {}

  void store(const PanelValues& first, uint8_t* to_first, const PanelValues& second,
             uint8_t* to_second) const {
    const __m512i bytes = _mm512_max_epu8(_mm512_packus_epi16(words(first), words(second)), lowest_);
    const __m512i ordered = _mm512_maskz_permutexvar_epi32(0xffff, order_, bytes);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to_first), _mm512_castsi512_si256(ordered));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to_second),
                        _mm512_maskz_extracti64x4_epi64(0xff, ordered, 1));
  }

 private:
  __m512i whole(Vector values) const {
    return _mm512_maskz_cvtps_epi32(0xffff,
                                    _mm512_maskz_min_ps(0xffff, high_, reinterpret_cast<__m512>(values)));
  }
  __m512i words(const PanelValues& values) const {
    return _mm512_adds_epi16(_mm512_packs_epi32(whole(values.low), whole(values.high)), zero_);
  }

  __m512 high_;
  __m512i zero_, lowest_, order_;
};

/// write_run of steps, for 32 channels from the first on; `sums_of(i, lane)` gives those of the run's i-th
/// line from a lane on.
template <typename SumsOf>
inline void write_panel(const Results& results, int64_t line, int64_t count, const SumsOf& sums_of) {
  const Finish finish = results.finish;
  const PanelSteps steps(finish);
  const Vector scales[] = {vector::load(results.scale), vector::load(results.scale + kLanes)};
  const Vector shifts[] = {vector::load(results.shift), vector::load(results.shift + kLanes)};
  const uint8_t* const residual =
      results.residual == nullptr ? nullptr : results.residual + line * kLineBytes;
  const auto value_of = [&](int64_t i, int half) {
    const Vector value = fused(sums_of(i, half * kLanes), scales[half], shifts[half]);
    if (residual == nullptr) return value;
    return with_residual(finish, value, load_steps(residual + i * kLineBytes + half * kLanes));
  };
  uint8_t* const out = results.out + line * kLineBytes;
  for (int64_t i = 0; i < count; i += 2) {
    const int64_t next = std::min(i + 1, count - 1);
    steps.store({value_of(i, 0), value_of(i, 1)}, out + i * kLineBytes,
                {value_of(next, 0), value_of(next, 1)}, out + next * kLineBytes);
  }
}

#endif

}  // namespace
}  // namespace ridgeline::kernels::bytes
