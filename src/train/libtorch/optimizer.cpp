#include "train/libtorch/optimizer.h"

#include <ATen/Functions.h>

namespace ridgeline::train {
namespace {

std::vector<at::Tensor> zeros_like(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> zeros;
  for (const at::Tensor& tensor : tensors) zeros.push_back(at::zeros_like(tensor));
  return zeros;
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options, std::vector<at::Tensor> parameters,
                     const std::vector<std::string>& names)
    : options_(options), parameters_(std::move(parameters)), steps_(at::zeros({}, at::kLong)) {
  state_.emplace_back("step", steps_);
  const auto keep = [&](const std::string& kind, const std::vector<at::Tensor>& tensors) {
    for (size_t i = 0; i < tensors.size(); ++i) state_.emplace_back(kind + '.' + names[i], tensors[i]);
  };
  if (options.kind == OptimizerKind::kAdamW) {
    first_moments_ = zeros_like(parameters_);
    second_moments_ = zeros_like(parameters_);
    keep("exp_avg", first_moments_);
    keep("exp_avg_sq", second_moments_);
  } else if (options.momentum != 0) {
    first_moments_ = zeros_like(parameters_);
    keep("momentum_buffer", first_moments_);
  }
}

void Optimizer::apply(const std::vector<at::Tensor>& gradients, double learning_rate) {
  if (options_.kind == OptimizerKind::kAdamW)
    apply_adamw(gradients, learning_rate);
  else
    apply_sgd(gradients, learning_rate);
  steps_.add_(1);
}

void Optimizer::apply_sgd(const std::vector<at::Tensor>& gradients, double learning_rate) {
  const bool is_first = steps_.item<int64_t>() == 0;
  at::_fused_sgd_(parameters_, gradients, first_moments_, options_.weight_decay, options_.momentum,
                  learning_rate, 0, options_.nesterov, false, is_first);
}

void Optimizer::apply_adamw(const std::vector<at::Tensor>& gradients, double learning_rate) {
  const at::Tensor count = steps_.add(1).to(parameters_.front().device(), at::kFloat);
  const std::vector<at::Tensor> counts(parameters_.size(), count);
  at::_fused_adamw_(parameters_, gradients, first_moments_, second_moments_, {}, counts, learning_rate,
                    options_.beta1, options_.beta2, options_.weight_decay, options_.epsilon, false, false);
}

double clip_gradients(const std::vector<at::Tensor>& gradients, double most) {
  constexpr double kEpsilon = 1e-6;  // clip_grad_norm_'s
  const double norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2))).item().toDouble();
  const double factor = most / (norm + kEpsilon);
  if (factor < 1) at::_foreach_mul_(gradients, factor);
  return norm;
}

}  // namespace ridgeline::train
