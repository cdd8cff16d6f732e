#pragma once

#include <ATen/core/Tensor.h>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "train/learner_options.h"
#include "train/libtorch/network.h"
#include "train/libtorch/optimizer.h"
#include "train/libtorch/process_group.h"
#include "train/plugin_abi.h"

namespace ridgeline::train {

/// Learner's promises (train/learner.h) kept by ATen; the plugin's door puts the C interface around it. What
/// ATen throws passes.
class GradientLearner {
 public:
  static Result<std::unique_ptr<GradientLearner>> make(const Graph& graph, const LearnerOptions& options);

  RidgelineStep step(const TensorView& images, const TensorView& targets, double learning_rate);
  /// On the CPU, N × classes, FP32.
  at::Tensor evaluate(const TensorView& images, bool averaged);

  const std::vector<std::string>& state_names() const { return state_names_; }
  /// On the CPU, row-major. kNotFound names what there is not.
  Result<at::Tensor> state(const std::string& name) const;
  /// kInvalidArgument when the shape or the type is another.
  Status set_state(const std::string& name, const TensorView& value);

  void sum(std::span<double> values);
  void share_statistics();

 private:
  GradientLearner(Network network, const LearnerOptions& options, const libtorch::Placement& placement);
  void add_state(const std::string& name, at::Tensor value);
  void keep_weights_and_counters();
  void keep_averages();
  std::vector<at::Tensor> take_gradients() const;
  void update_averages();

  LearnerOptions options_;
  libtorch::Placement placement_;
  Network network_;
  std::vector<at::Tensor> weights_;     ///< in the network's order
  std::vector<at::Tensor> parameters_;  ///< those of the weights that learn
  std::vector<at::Tensor> counters_;    ///< num_batches_tracked
  std::vector<at::Tensor> averages_;    ///< of the weights; empty where none are kept
  std::vector<at::Tensor> statistics_;  ///< of the weights and of their averages
  std::optional<Optimizer> optimizer_;
  std::unique_ptr<ProcessGroup> group_;  ///< null in a run of one process
  std::vector<std::string> state_names_;
  std::unordered_map<std::string, at::Tensor> state_;
};

}  // namespace ridgeline::train
