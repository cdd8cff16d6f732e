#pragma once

#include <cstdint>

namespace ridgeline::train {

/// Rows of `channels` floats each, and what a norm does to a channel. Every array of a channel has
/// `channels` elements.
struct NormForward {
  int64_t channels = 0;
  const float* scale = nullptr;     ///< weight / deviation
  const float* shift = nullptr;     ///< bias - mean * scale
  const float* x = nullptr;         ///< rows
  const float* residual = nullptr;  ///< rows, added after the norm; null: nothing
  bool relu = false;                ///< max(., 0) at the end
  float* y = nullptr;               ///< rows
};

/// The gradient dz that reaches the norm's own result: that of `y`, where the activation let it through.
struct NormGradient {
  int64_t channels = 0;
  const float* scale = nullptr;  ///< as in NormForward
  const float* shift = nullptr;
  const float* mean = nullptr;
  const float* x = nullptr;   ///< rows
  const float* dy = nullptr;  ///< rows
  const float* y = nullptr;   ///< rows, where there was a residual and an activation; else null
  bool relu = false;
};

/// What a pass adds up, by channel.
struct NormSums {
  float* gradient = nullptr;  ///< of dz
  float* product = nullptr;   ///< of dz * (x - mean)
  float* dz = nullptr;        ///< rows: dz itself is written here, unless null
};

/// dx = (dz - mean_gradient - (x - mean) * slope) / deviation * weight.
struct NormInputGradient {
  const float* mean_gradient = nullptr;  ///< mean of dz
  const float* slope = nullptr;          ///< mean of dz * (x - mean), over the variance
  const float* inverse_deviation = nullptr;
  const float* weight = nullptr;
  float* dx = nullptr;  ///< rows
};

/// Passes over rows [begin, end), one float after another in each channel and with fused multiply-adds, as
/// ATen's kernels for memory in NHWC compute: the same bits.
struct NormRows {
  void (*forward)(const NormForward& norm, int64_t begin, int64_t end);
  void (*reduce)(const NormGradient& norm, int64_t begin, int64_t end, const NormSums& sums);
  void (*input_gradient)(const NormGradient& norm, const NormInputGradient& out, int64_t begin, int64_t end);
};

/// Of the best instruction set that this CPU has; null where it has no fused multiply-add.
const NormRows* norm_rows();

const NormRows& norm_rows_avx2();
const NormRows& norm_rows_avx512();

}  // namespace ridgeline::train
