#pragma once

#include <cstdint>

namespace ridgeline::kernels {

/// a / b rounded up, 0 for a ≤ 0. Strides and dilations are mostly 1, and a division takes tens of cycles.
constexpr int64_t ceil_div(int64_t a, int64_t b) {
  if (a <= 0) return 0;
  return b == 1 ? a : (a + b - 1) / b;
}

}  // namespace ridgeline::kernels
