#pragma once

#include <algorithm>
#include <cmath>

namespace ridgeline::kernels {

/// What a fused operator applies to each element last.
struct Activation {
  enum class Kind { kNone, kRelu, kClip, kSilu, kHardSwish };
  Kind kind = Kind::kNone;
  float low = 0;   ///< kClip only
  float high = 0;  ///< kClip only

  /// x between two bounds, of which none may be there.
  bool is_clamp() const { return kind != Kind::kSilu && kind != Kind::kHardSwish; }
};

/// To whole steps between two, as a QuantizeLinear and a DequantizeLinear leave a value. NaN becomes the
/// least.
struct Rounding {
  float scale = 0;  ///< 0 for none
  float low = 0, high = 0;

  bool is_none() const { return scale == 0; }
};

inline float apply(const Rounding& rounding, float x) {
  if (rounding.is_none()) return x;
  const float step = x * (1 / rounding.scale);
  const float above = step > rounding.low ? step : rounding.low;
  return std::nearbyint(above < rounding.high ? above : rounding.high) * rounding.scale;
}

/// NaN passes through every kind, as it does in the unfused operators.
inline float apply(const Activation& activation, float x) {
  switch (activation.kind) {
    case Activation::Kind::kNone:
      return x;
    case Activation::Kind::kRelu:
      return x < 0 ? 0.0F : x;
    case Activation::Kind::kClip:
      return std::isnan(x) ? x : std::min(std::max(x, activation.low), activation.high);
    case Activation::Kind::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::Kind::kHardSwish:
      return std::isnan(x) ? x : x * std::min(std::max(x / 6 + 0.5F, 0.0F), 1.0F);
  }
  return x;
}

}  // namespace ridgeline::kernels
