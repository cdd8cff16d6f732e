#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

struct BatchNormArgs {
  const float* scale;
  const float* bias;
  const float* mean;
  const float* variance;
  float epsilon;
};

/// out = (in − mean) / √(variance + epsilon) · scale + bias per channel (axis 1), FP32.
void batch_norm(const TensorView& in, const BatchNormArgs& args, const TensorView& out, ThreadPool& pool);

/// exp(x − max) / Σ along `axis`, FP32; the logarithm of that when `logarithm`.
void softmax(const TensorView& in, size_t axis, bool logarithm, const TensorView& out, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
