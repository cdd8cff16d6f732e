#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ridgeline::kernels::quantized {

/// How whole sums of products become results. With `middle` they are rounded to its steps before the residual
/// is added. Every implementation computes it in FP32 by the same fused multiply-adds and rounds halves to
/// even, so that all give the same bits. Steps are counted from the zero point.
struct Finish {
  bool rounds_sums = false;
  float middle_low = 0, middle_high = 0;
  float middle_scale = 1;    ///< a step of the rounded sums in steps of the result
  float residual_scale = 0;  ///< a step of the residual in steps of the result
  float residual_shift = 0;  ///< less the zero point; steps count from the type's lowest
  float low = 0, high = 0;   ///< of the result's steps; of its values where it is FP32
  int32_t zero = 0;          ///< point of the result
};

/// Steps of the result, or its value; `scale` and `shift` are the channel's.
inline float scaled(float sum, float scale, float shift) { return std::fma(sum, scale, shift); }

inline float with_residual(const Finish& finish, float value, float residual) {
  if (finish.rounds_sums)
    value = std::nearbyint(std::min(std::max(value, finish.middle_low), finish.middle_high));
  return std::fma(value, finish.middle_scale,
                  std::fma(residual, finish.residual_scale, finish.residual_shift));
}

/// Within the bounds; the lower one for NaN.
inline float clamped(const Finish& finish, float value) {
  const float above = value > finish.low ? value : finish.low;
  return above < finish.high ? above : finish.high;
}

inline int32_t step_of(const Finish& finish, float value) {
  return static_cast<int32_t>(std::nearbyint(clamped(finish, value))) + finish.zero;
}

}  // namespace ridgeline::kernels::quantized
