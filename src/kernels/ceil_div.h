#pragma once

#include <cstdint>

namespace ridgeline::kernels {

/// a / b rounded up, 0 for a ≤ 0. Strides and dilations are mostly 1, and a division takes tens of cycles.
constexpr int64_t ceil_div(int64_t a, int64_t b) {
  if (a <= 0) return 0;
  return b == 1 ? a : (a + b - 1) / b;
}

/// Where the `index`th of so many parts of `whole` begins. They differ by one at most, and so do the sums of
/// as many neighbours.
constexpr int64_t part_begin(int64_t whole, int64_t parts, int64_t index) { return whole * index / parts; }

}  // namespace ridgeline::kernels
