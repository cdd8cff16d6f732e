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

/// Stride 1, padding 1, FP32. x is [batch, height, width, in_channels], y and its gradient [batch, height,
/// width, out_channels], weights and theirs [out_channels, 3, 3, in_channels].
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

/// The best for this CPU, or the reason why this case is for none: channels that are not whole panels of
/// vectors, or images, or a batch of them, so small that a direct convolution is sooner done.
Result<const TileKernels*> choose(const Conv3x3& conv, const CpuFeatures& cpu);

/// What a call runs with.
struct Means {
  const TileKernels& kernels;  ///< chosen for the same case
  float* scratch = nullptr;    ///< scratch_floats, 64-byte aligned, of no meaning between calls
  Parallel parallel;
};

size_t scratch_floats(const Conv3x3& conv);

// Results depend on neither the number of threads nor how they share a loop.

void forward(const Conv3x3& conv, const Means& means, const float* x, const float* weights, float* y);
void input_gradient(const Conv3x3& conv, const Means& means, const float* dy, const float* weights,
                    float* dx);
void weight_gradient(const Conv3x3& conv, const Means& means, const float* x, const float* dy,
                     float* dweights);

}  // namespace ridgeline::kernels::winograd
