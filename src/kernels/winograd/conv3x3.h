#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu_features.h"
#include "base/function_ref.h"
#include "base/status.h"

/// 3×3 convolutions by the Cook-Toom algorithm (Winograd's, F(4×4, 3×3)): a tile of 4×4 results takes 36
/// products in each pair of channels instead of 144. Of the points that two polynomials can be multiplied at,
/// 0, ±√½, ±√2 and ∞ round the least among those tried: twice the error of a direct sum, where the usual 0,
/// ±1, ±2 make four times it.
namespace ridgeline::kernels::winograd {

/// Stride 1, padding 1, FP32. x is [batch, height, width, in_channels], y [batch, height, width,
/// out_channels].
struct Conv3x3 {
  int64_t batch = 1;
  int64_t height = 1;
  int64_t width = 1;
  int64_t in_channels = 1;
  int64_t out_channels = 1;
};

/// Shares a loop among threads: calls body(begin, end) for disjoint ranges that cover [0, count).
using Parallel = FunctionRef<void(int64_t count, FunctionRef<void(int64_t begin, int64_t end)> body)>;

struct TileKernels;
struct WeightMatrix;

/// What a call runs with.
struct Means {
  const TileKernels& kernels;
  float* scratch = nullptr;  ///< scratch_floats, 64-byte aligned, of no meaning between calls
  float* weights = nullptr;  ///< weight_floats, 64-byte aligned: transformed weights
  Parallel parallel;
};

size_t scratch_floats(const Conv3x3& conv);
size_t weight_floats(const Conv3x3& conv);

/// Ok, or the reason why a case is not for these kernels: channels that are not whole panels of vectors, or
/// images, or a batch of them, so small that there are not `fewest_tiles` to make it sooner than a direct
/// convolution.
Status accepts(const Conv3x3& conv, const TileKernels& kernels, int64_t fewest_tiles);

// Results depend on neither the number of threads nor how they share a loop.

/// Transforms `weights` ([in_channels, out_channels] at each tap) to means.weights.
void read_weights(const Conv3x3& conv, const Means& means, const WeightMatrix& weights);
/// By the weights that were read.
void convolve(const Conv3x3& conv, const Means& means, const float* x, float* y);

}  // namespace ridgeline::kernels::winograd
