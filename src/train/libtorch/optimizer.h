#pragma once

#include <ATen/core/Tensor.h>
#include <string>
#include <utility>
#include <vector>

#include "train/learner_options.h"

namespace ridgeline::train {

/// PyTorch's SGD or AdamW by its fused kernels: one pass over each parameter.
class Optimizer {
 public:
  /// `parameters` are updated in place by apply(); `names` go with them.
  Optimizer(const OptimizerOptions& options, std::vector<at::Tensor> parameters,
            const std::vector<std::string>& names);

  /// One update; `gradients` go with the parameters and have their layout in memory. They are overwritten.
  void apply(const std::vector<at::Tensor>& gradients, double learning_rate);

  /// All that the next update depends on, by name; shares memory with the optimizer.
  const std::vector<std::pair<std::string, at::Tensor>>& state() const { return state_; }

 private:
  void apply_sgd(const std::vector<at::Tensor>& gradients, double learning_rate);
  void apply_adamw(const std::vector<at::Tensor>& gradients, double learning_rate);

  OptimizerOptions options_;
  std::vector<at::Tensor> parameters_;
  at::Tensor steps_;                       ///< INT64, updates so far
  std::vector<at::Tensor> first_moments_;  ///< momentum buffers of SGD
  std::vector<at::Tensor> second_moments_;
  std::vector<std::pair<std::string, at::Tensor>> state_;
};

/// Scales `gradients` together so that their L2 norm is at most `most`, as clip_grad_norm_ does; returns the
/// norm that they had.
double clip_gradients(const std::vector<at::Tensor>& gradients, double most);

}  // namespace ridgeline::train
