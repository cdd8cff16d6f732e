// Included by files that set kLanes, once for each instruction set.

#pragma once

#include "kernels/blocked/panel_product.h"

namespace ridgeline::kernels::blocked {
namespace {

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));
using UnalignedVector =
    float __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const UnalignedVector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<UnalignedVector*>(to) = value; }

/// clamp(value + bias + residual); `channel` of the bias, `at` of the residual. NaN passes.
inline Vector finished(const Finish& finish, Vector value, int64_t channel, int64_t at) {
  if (finish.bias != nullptr) value += load(finish.bias + channel);
  if (finish.residual != nullptr) value += load(finish.residual + at);
  value = value < finish.low ? Vector{} + finish.low : value;
  return value > finish.high ? Vector{} + finish.high : value;
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
