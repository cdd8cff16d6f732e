#pragma once

#include <ATen/core/Tensor.h>

namespace ridgeline::train {

/// What a BatchNormalization takes: `x` is N × C × H × W, the others have C elements.
struct NormInputs {
  const at::Tensor& x;
  const at::Tensor& weight;
  const at::Tensor& bias;
  const at::Tensor& running_mean;
  const at::Tensor& running_variance;
  const at::Tensor& residual;  ///< of x's shape, added to the normalised x; undefined: nothing
};

struct NormOptions {
  bool training = false;  ///< normalise by the batch and move the running statistics; else by those
  double epsilon = 1e-5;
  bool relu = false;
};

/// max(batch_norm(x) + residual, 0), or without the max: the bits of ATen's own calls, and of their
/// gradients; in training in fewer passes over memory. Differentiable in x, weight, bias and residual.
at::Tensor batch_norm(const NormInputs& in, const NormOptions& options);

}  // namespace ridgeline::train
