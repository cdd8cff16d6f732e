#pragma once

#include "kernels/blocked/finish.h"
#include "kernels/lines/tap_products.h"

namespace ridgeline::kernels::lines {

/// Where results lie, which are finished from sums.
struct Results {
  int64_t part_lines = 0;  ///< from hi to lo
  Line* out = nullptr;
  const Line* residual = nullptr;  ///< as `out` lies, or null
  const float* bias = nullptr;     ///< of kChannels channels, or null
  Activation activation{};
};

/// results[p] = finish(sums[p]).
struct DotProduct {
  Numbers numbers = Numbers::kBf16;
  TapProducts products;
  Results results;
};

/// One instruction set's kernels.
struct DotKernels {
  void (*multiply)(const DotProduct& product);
};

const DotKernels& amx_dots();
const DotKernels& avx512_bf16_dots();  ///< of single numbers
/// The tiles of AMX in plain C++, for any CPU.
const DotKernels& ref_dots();

}  // namespace ridgeline::kernels::lines
