#pragma once

#include "kernels/bytes/byte_line.h"
#include "kernels/quantized/finish.h"

namespace ridgeline::kernels::bytes {

using quantized::Finish;

/// Where whole sums go: into the lines of `out`, or as FP32 into `blocks` (kernels/blocked). Pointers are to
/// the first channel of the first line of results.
struct Results {
  uint8_t* out = nullptr;
  const uint8_t* residual = nullptr;  ///< as `out` would lie, or null
  float* blocks = nullptr;
  int64_t block_count = 0;
  int64_t block_floats = 0;      ///< from a block to the next
  const float* scale = nullptr;  ///< of each channel that is written
  const float* shift = nullptr;
  Finish finish{};  ///< its zero point counts from the type's lowest
};

}  // namespace ridgeline::kernels::bytes
