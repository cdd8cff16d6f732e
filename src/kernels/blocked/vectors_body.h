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

/// `channel` of the bias, `at` of the residual. NaN passes.
inline Vector finished(const Finish& finish, Vector value, int64_t channel, int64_t at) {
  if (finish.bias != nullptr) value += load(finish.bias + channel);
  if (finish.residual != nullptr) value += load(finish.residual + at);
  if (finish.kind == Activation::Kind::kSilu) return value * vector::sigmoid_of(value);
  if (finish.kind == Activation::Kind::kHardSwish)
    return value * vector::clamped(value * (1.0F / 6) + 0.5F, 0, 1);
  return vector::clamped(value, finish.clamp.low, finish.clamp.high);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
