#pragma once

#include "base/cpu_features.h"
#include "kernels/lines/line.h"
#include "kernels/ref/pool.h"
#include "kernels/window.h"

namespace ridgeline::kernels::lines {

/// One row of a block's pooled output.
struct PoolRow {
  const Window& window;
  const ref::AveragePadding* average = nullptr;  ///< null for a maximum
  int64_t row = 0;
  const Line* plane = nullptr;
  Line* out = nullptr;
};

/// Pixels in lines beside the FP32 blocks of the same 32 channels; the second is null where it does not
/// exist.
struct Pixels {
  int64_t count = 0;
  int64_t lo = 0;  ///< lines from hi to lo
};

/// Pixels of up to four channels that lie in planes; null planes are zeros.
struct PlanePixels {
  const float* planes[4] = {};
  int64_t count = 0;
  uint16_t* hi = nullptr;  ///< [count, 4]
  uint16_t* lo = nullptr;  ///< the same of pairs' second parts
};

/// One instruction set's kernels for one kind of numbers.
struct LineKernels {
  void (*from_blocks)(const Pixels& pixels, const float* first, const float* second, Line* to);
  void (*to_blocks)(const Pixels& pixels, const Line* from, float* first, float* second);
  void (*to_pixels)(const PlanePixels& pixels);
  void (*pool)(const PoolRow& row);
  /// Of all pixels, [kChannels].
  void (*sum)(const Pixels& pixels, const Line* from, float* sums);
  /// to[pixel] = from[pixel] · factor[0].
  void (*scale)(const Pixels& pixels, const Line* from, const Line* factor, Line* to);
};

const LineKernels& avx512_lines(Numbers numbers);
const LineKernels& avx2_lines(Numbers numbers);
const LineKernels& ref_lines(Numbers numbers);  ///< for any CPU

/// The best that `cpu` has.
const LineKernels& line_kernels(const CpuFeatures& cpu, Numbers numbers);

}  // namespace ridgeline::kernels::lines
