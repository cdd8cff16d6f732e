#pragma once

#include <cstdint>

namespace ridgeline::kernels {

/// a / b rounded up, 0 for a ≤ 0.
constexpr int64_t ceil_div(int64_t a, int64_t b) { return a <= 0 ? 0 : (a + b - 1) / b; }

}  // namespace ridgeline::kernels
