#pragma once

#include <algorithm>
#include <cmath>

namespace ridgeline::kernels {

/// What a fused operator applies to each element last.
struct Activation {
  enum class Kind { kNone, kRelu, kClip };
  Kind kind = Kind::kNone;
  float low = 0;   ///< kClip only
  float high = 0;  ///< kClip only
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
  }
  return x;
}

}  // namespace ridgeline::kernels
