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
