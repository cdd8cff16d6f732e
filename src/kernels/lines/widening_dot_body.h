// Included by files for CPUs without products of BF16, which set kernels::vector::kLanes.

#pragma once

#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::lines {
namespace {

/// sum + both products of pairs of BF16.
inline vector::Vector dot(vector::Vector sum, vector::Ints a, vector::Ints b) {
  using vector::Vector;
  constexpr auto kOdd = static_cast<int32_t>(0xffff0000);
  sum += reinterpret_cast<Vector>(a << 16) * reinterpret_cast<Vector>(b << 16);
  return sum + reinterpret_cast<Vector>(a & kOdd) * reinterpret_cast<Vector>(b & kOdd);
}

}  // namespace
}  // namespace ridgeline::kernels::lines
