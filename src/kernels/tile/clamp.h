#pragma once

#include <limits>

#include "kernels/activation.h"

namespace ridgeline::kernels::tile {

/// An activation as bounds; infinite ones, which those that are no clamps have, bound nothing.
struct Clamp {
  float low, high;
};

inline Clamp clamp_of(const Activation& activation) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (activation.kind) {
    case Activation::Kind::kNone:
    case Activation::Kind::kSilu:
    case Activation::Kind::kHardSwish:
      return {-kInfinity, kInfinity};
    case Activation::Kind::kRelu:
      return {0, kInfinity};
    case Activation::Kind::kClip:
      return {activation.low, activation.high};
  }
  return {-kInfinity, kInfinity};
}

}  // namespace ridgeline::kernels::tile
