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

/// What a batch norm in training leaves besides: momentum · what it was given + (1 − momentum) · the batch's
/// own, of one number for each channel; null where nobody asks.
struct RunningStatistics {
  float momentum = 0.9F;
  float* mean = nullptr;
  float* variance = nullptr;
};

/// batch_norm() by the mean and the variance (of the population) that the batch itself has in each channel.
void train_batch_norm(const TensorView& in, const BatchNormArgs& args, const RunningStatistics& running,
                      const TensorView& out, ThreadPool& pool);

/// Elements that are normalised together lie side by side, `count` of them in each of `rows` rows (layer,
/// instance and group normalisation). Element i of the tensor takes scale[i / run % affine_count], and the
/// same of bias.
struct RowNorm {
  int64_t rows = 1;
  int64_t count = 1;
  int64_t run = 1;
  int64_t affine_count = 1;
  float epsilon = 1e-5F;
};
struct RowNormArgs {
  const float* in = nullptr;
  const float* scale = nullptr;
  const float* bias = nullptr;  ///< may be null
  float* out = nullptr;
  float* mean = nullptr;               ///< per row; may be null
  float* inverse_deviation = nullptr;  ///< 1 / √(variance + epsilon) per row; may be null
};
/// out = (in − mean) / √(variance + epsilon) · scale + bias, mean and variance over each row, FP32.
void normalise_rows(const RowNorm& norm, const RowNormArgs& args, ThreadPool& pool);

/// Images whose pixels are normalised over their channels, [batch, channels, pixels].
struct ChannelNorm {
  int64_t batch = 1;
  int64_t channels = 1;
  int64_t pixels = 1;
  float epsilon = 1e-5F;
};
struct ChannelNormArgs {
  const float* in = nullptr;
  const float* scale = nullptr;  ///< per channel
  const float* bias = nullptr;   ///< per channel; may be null
  float* out = nullptr;
};
/// out = (in − mean) / √(variance + epsilon) · scale + bias, mean and variance over each pixel's channels,
/// FP32.
void normalise_channels(const ChannelNorm& norm, const ChannelNormArgs& args, ThreadPool& pool);

/// ONNX's LRN: out = in / (bias + alpha / size · Σ in²)^beta, summed over `size` channels around each, FP32.
struct LrnRule {
  int64_t size = 1;
  float alpha = 1e-4F;
  float beta = 0.75F;
  float bias = 1;
};
void lrn(const LrnRule& rule, const TensorView& in, const TensorView& out, ThreadPool& pool);

/// out = in / (Σ |in|^p)^(1/p) along `axis`, p 1 or 2, FP32; 0 where the norm is 0.
void lp_norm(int64_t p, const TensorView& in, size_t axis, const TensorView& out, ThreadPool& pool);

/// exp(x − max) / Σ along `axis`, FP32; the logarithm of that when `logarithm`.
void softmax(const TensorView& in, size_t axis, bool logarithm, const TensorView& out, ThreadPool& pool);

/// 1 for the first largest element along `axis`, 0 for the others, FP32.
void hardmax(const TensorView& in, size_t axis, const TensorView& out, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
