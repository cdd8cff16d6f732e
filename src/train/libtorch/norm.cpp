#include "train/libtorch/norm.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <cmath>
#include <torch/csrc/autograd/custom_function.h>
#include <vector>

#include "train/libtorch/nhwc.h"
#include "train/libtorch/norm_rows.h"

namespace ridgeline::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kMomentum = 0.1;  // PyTorch's default, the new batch's share of the running statistics

int64_t rows_of(const at::Tensor& x) { return x.numel() / x.size(1); }

/// ATen's values of a channel: 1 / sqrt(variance + epsilon) in double, then rounded.
at::Tensor inverse_deviation(const at::Tensor& variance, double epsilon) {
  at::Tensor result = at::empty_like(variance);
  const float* const from = variance.const_data_ptr<float>();
  float* const to = result.mutable_data_ptr<float>();
  for (int64_t c = 0; c < variance.numel(); ++c)
    to[c] = static_cast<float>(1 / std::sqrt(double{from[c]} + epsilon));
  return result;
}

/// What a norm multiplies a channel by, and what it adds then.
struct Line {
  std::vector<float> scale;
  std::vector<float> shift;
};

Line line_of(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& mean,
             const at::Tensor& inverse) {
  Line line;
  for (int64_t c = 0; c < weight.numel(); ++c) {
    const float scale = inverse.const_data_ptr<float>()[c] * weight.const_data_ptr<float>()[c];
    line.scale.push_back(scale);
    line.shift.push_back(std::fma(-mean.const_data_ptr<float>()[c], scale, bias.const_data_ptr<float>()[c]));
  }
  return line;
}

/// Sums of a gradient by channel, as ATen adds them: each thread its rows, then the threads' sums in double.
struct ChannelSums {
  std::vector<float> gradient;
  std::vector<float> product;  ///< of the gradient and x - mean
};

std::vector<float> added_up(const std::vector<float>& by_thread, int64_t channels) {
  std::vector<float> result;
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (size_t at = static_cast<size_t>(c); at < by_thread.size(); at += static_cast<size_t>(channels))
      sum += by_thread[at];
    result.push_back(static_cast<float>(sum));
  }
  return result;
}

ChannelSums channel_sums(const NormGradient& norm, int64_t rows, float* dz) {
  const auto threads = static_cast<size_t>(at::get_num_threads());
  const auto channels = static_cast<size_t>(norm.channels);
  std::vector<float> sums(threads * channels);
  std::vector<float> products(threads * channels);
  at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
    const size_t own = static_cast<size_t>(at::get_thread_num()) * channels;
    norm_rows()->reduce(norm, begin, end, {.gradient = &sums[own], .product = &products[own], .dz = dz});
  });
  return {.gradient = added_up(sums, norm.channels), .product = added_up(products, norm.channels)};
}

at::Tensor tensor_of(const std::vector<float>& values) {
  return at::tensor(at::ArrayRef<float>(values), at::kFloat);
}

/// The gradient of a norm's input; `sums` are those of the gradient that `norm` describes.
at::Tensor input_gradient(const NormGradient& norm, const ChannelSums& sums, const at::Tensor& x,
                          const at::Tensor& inverse, const at::Tensor& weight) {
  const int64_t rows = rows_of(x);
  const auto count = static_cast<float>(rows);
  const float* const inverses = inverse.const_data_ptr<float>();
  std::vector<float> means;
  std::vector<float> slopes;
  for (size_t c = 0; c < sums.gradient.size(); ++c) {
    means.push_back(sums.gradient[c] / count);
    slopes.push_back(sums.product[c] * inverses[c] * inverses[c] / count);
  }
  at::Tensor dx = at::empty_like(x);
  const NormInputGradient out{.mean_gradient = means.data(),
                              .slope = slopes.data(),
                              .inverse_deviation = inverses,
                              .weight = weight.const_data_ptr<float>(),
                              .dx = dx.mutable_data_ptr<float>()};
  at::parallel_for(0, rows, 1,
                   [&](int64_t begin, int64_t end) { norm_rows()->input_gradient(norm, out, begin, end); });
  return dx;
}

/// What autograd need not see.
struct ForwardSettings {
  at::Tensor mean;
  at::Tensor inverse_deviation;
  bool relu;
};

class TrainingNorm : public torch::autograd::Function<TrainingNorm> {
 public:
  /// Autograd sees only tensors that are arguments of their own.
  // NOLINTNEXTLINE(readability-function-size)
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const std::optional<at::Tensor>& residual,
                            const ForwardSettings& settings) {
    const auto& [mean, inverse, relu] = settings;
    const Line line = line_of(weight, bias, mean, inverse);
    at::Tensor y = at::empty_like(x);
    const NormForward norm{.channels = x.size(1),
                           .scale = line.scale.data(),
                           .shift = line.shift.data(),
                           .x = x.const_data_ptr<float>(),
                           .residual = residual ? residual->const_data_ptr<float>() : nullptr,
                           .relu = relu,
                           .y = y.mutable_data_ptr<float>()};
    at::parallel_for(0, rows_of(x), 1,
                     [&](int64_t begin, int64_t end) { norm_rows()->forward(norm, begin, end); });
    const bool masks_by_output = relu && residual;
    context->save_for_backward({x, weight, bias, mean, inverse, masks_by_output ? y : at::Tensor()});
    context->saved_data["relu"] = relu;
    context->saved_data["adds"] = residual.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weight = saved[1];
    const at::Tensor& mean = saved[3];
    const at::Tensor& inverse = saved[4];
    const at::Tensor& y = saved[5];
    const at::Tensor dy = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const Line line = line_of(weight, saved[2], mean, inverse);
    NormGradient norm{.channels = x.size(1),
                      .scale = line.scale.data(),
                      .shift = line.shift.data(),
                      .mean = mean.const_data_ptr<float>(),
                      .x = x.const_data_ptr<float>(),
                      .dy = dy.const_data_ptr<float>(),
                      .y = y.defined() ? y.const_data_ptr<float>() : nullptr,
                      .relu = context->saved_data["relu"].toBool()};
    at::Tensor dz;  // what the residual gets
    const bool adds = context->saved_data["adds"].toBool();
    if (adds) dz = at::empty_like(x);
    const ChannelSums sums = channel_sums(norm, rows_of(x), adds ? dz.mutable_data_ptr<float>() : nullptr);
    if (adds) {
      norm.dy = dz.const_data_ptr<float>();
      norm.relu = false;
    }
    const at::Tensor product = tensor_of(sums.product);
    return {input_gradient(norm, sums, x, inverse, weight), product.mul(inverse), tensor_of(sums.gradient),
            dz, at::Tensor()};
  }
};

bool fits(const NormInputs& in) {
  return norm_rows() != nullptr && is_nhwc(in.x) &&
         (!in.residual.defined() || (is_nhwc(in.residual) && in.residual.sizes() == in.x.sizes()));
}

at::Tensor in_few_passes(const NormInputs& in, const NormOptions& options) {
  const auto settings = [&] {
    const at::NoGradGuard no_grad;
    const auto [mean, variance] =
        at::batch_norm_update_stats(in.x, in.running_mean, in.running_variance, kMomentum);
    return ForwardSettings{mean, inverse_deviation(variance, options.epsilon), options.relu};
  }();
  const auto residual = in.residual.defined() ? std::optional(in.residual) : std::nullopt;
  return TrainingNorm::apply(in.x, in.weight, in.bias, residual, settings);
}

}  // namespace

at::Tensor batch_norm(const NormInputs& in, const NormOptions& options) {
  if (options.training && fits(in)) return in_few_passes(in, options);
  at::Tensor y = at::batch_norm(in.x, in.weight, in.bias, in.running_mean, in.running_variance,
                                options.training, kMomentum, options.epsilon, /*cudnn_enabled=*/true);
  if (in.residual.defined()) y = y.add(in.residual);
  return options.relu ? y.relu_() : y;
}

}  // namespace ridgeline::train
