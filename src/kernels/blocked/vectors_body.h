// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include "kernels/blocked/finish.h"
#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::blocked {
namespace {

using vector::kLanes;
using vector::load;
using vector::store;
using vector::Vector;

inline Vector rounded(const Rounding& rounding, Vector x) {
  if (rounding.is_none()) return x;
  x *= 1 / rounding.scale;
  x = x > rounding.low ? x : vector::splat(rounding.low);
  x = x < rounding.high ? x : vector::splat(rounding.high);
  return vector::rounded(x) * rounding.scale;
}

inline Vector activated(const Finish& finish, Vector value) {
  if (finish.kind == Activation::Kind::kSilu) return value * vector::sigmoid_of(value);
  if (finish.kind == Activation::Kind::kHardSwish)
    return value * vector::clamped(value * (1.0F / 6) + 0.5F, 0, 1);
  return vector::clamped(value, finish.clamp.low, finish.clamp.high);
}

/// `channel` of the bias, `at` of the residual. NaN passes.
inline Vector finished(const Finish& finish, Vector value, int64_t channel, int64_t at) {
  if (finish.bias != nullptr) value += load(finish.bias + channel);
  value = rounded(finish.sums_to, value);
  if (finish.residual != nullptr) value += load(finish.residual + at);
  return rounded(finish.results_to, activated(finish, value));
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
