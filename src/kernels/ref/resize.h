#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// How one axis is sampled: output i is Σ weights[t][i] · input[pixels[t][i]] over the taps t. An axis that
/// stays as it is has no taps.
struct SampledAxis {
  std::vector<std::vector<int64_t>> pixels;
  std::vector<std::vector<float>> weights;
  std::vector<int64_t> outside;  ///< outputs, in order, that lie off the image and get the fill
};

/// Samples every axis of an FP32 tensor; one element of `axes` for each.
void resample(const TensorView& in, std::span<const SampledAxis> axes, float fill, const TensorView& out,
              ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
