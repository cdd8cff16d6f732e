#pragma once

#include "base/function_ref.h"
#include "base/thread_pool.h"
#include "kernels/blocked/panel_product.h"
#include "kernels/ref/resize.h"
#include "kernels/window.h"

/// Kernels that treat each channel apart from the others, so that a block's lanes go through them side by
/// side.
namespace ridgeline::kernels::blocked {

/// One row of a block's output, from a window over its plane.
struct LaneRow {
  const Window& window;
  Range inner;  ///< columns all of whose taps lie inside
  int64_t row = 0;
  Range taps;  ///< of the row, those that lie inside
  const float* plane = nullptr;
  float* out = nullptr;
};

/// Rows of a block's output beneath each other, from a window over its plane. Without what each row needs for
/// itself, so that nothing is copied: a copy of what was just put together waits until results stored before
/// have left the core.
struct LaneRows {
  const Window& window;
  int64_t first = 0;
  int64_t count = 0;
  const float* plane = nullptr;
  float* out = nullptr;  ///< of the first row
};

/// Row `row` of a window over a block's plane.
LaneRow row_of(const Window& window, int64_t row, const float* plane, float* out_plane);

/// Calls body(row, index of the block) for each row of `planes` blocks' outputs, on all threads.
void for_each_row(const Window& window, int64_t planes, const float* in, float* out, ThreadPool& pool,
                  FunctionRef<void(const LaneRow& row, int64_t plane)> body);

/// Calls body(plane, rows) for bands of rows, which share most of what they read, of all planes of so many
/// rows, on all threads.
void for_each_band(int64_t planes, int64_t rows, ThreadPool& pool,
                   FunctionRef<void(int64_t plane, const Range& rows)> body);

/// A row of an image that is sampled: out[i] (+)= weight · Σ columns.weights[t][i] ·
/// in[columns.pixels[t][i]].
struct SampledRow {
  const ref::SampledAxis& columns;  ///< of one, two or four taps
  const float* in = nullptr;
  float weight = 1;
  bool adds = false;
  float* out = nullptr;
};

/// Pixels that are normalised over their channels each: out = (in − mean) / √(variance + epsilon) · scale +
/// bias. in and out may be the same.
struct PixelNorm {
  const float* in = nullptr;
  float* out = nullptr;
  int64_t block = 0;  ///< floats from a block to the next
  int64_t pixels = 0;
  int64_t channels = 0;
  const float* scale = nullptr;
  const float* bias = nullptr;  ///< may be null
  float epsilon = 0;
};

/// One instruction set's kernels.
struct LaneKernels {
  void (*max)(const LaneRow& row);
  void (*sum)(const LaneRow& row);
  /// `weights`: [tap, kBlock].
  void (*multiply)(const LaneRows& rows, const float* weights, const Finish& finish);
  /// out[pixel] = in[pixel] · factor[lane].
  void (*scale)(const float* in, const float* factor, int64_t pixels, float* out);
  /// The mean of all pixels.
  void (*mean)(const float* in, int64_t pixels, float* out);
  void (*sample)(const SampledRow& row);
  void (*normalise)(const PixelNorm& norm);
};

const LaneKernels& avx512_lanes();
const LaneKernels& avx2_lanes();

}  // namespace ridgeline::kernels::blocked
