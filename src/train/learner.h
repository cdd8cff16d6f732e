#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "tensor/tensor.h"
#include "train/learner_options.h"

namespace ridgeline::train {

/// What one step saw of this process's part of the batch.
struct StepResult {
  double loss = 0;       ///< mean over the images
  int64_t correct = 0;   ///< images whose largest logit is where the largest target is
  double grad_norm = 0;  ///< before clipping; 0 where nothing is clipped
};

/// A model that learns: its weights, their optimizer and their average. Used by one thread at a time.
class Learner {
 public:
  virtual ~Learner() = default;

  /// One step of the optimizer on `images` (N × H × W × C, FP32 or BF16) towards `targets` (N × classes,
  /// FP32, probabilities), by cross-entropy.
  virtual Result<StepResult> step(const TensorView& images, const TensorView& targets,
                                  double learning_rate) = 0;
  /// Logits (N × classes, FP32) by running statistics, of the averaged weights on wish; lent until the next
  /// call.
  virtual Result<TensorView> evaluate(const TensorView& images, bool averaged) = 0;

  /// Names of all state: weights and running statistics as in the model, with PyTorch's
  /// <module>.num_batches_tracked; `ema.` + name for their averages; `optimizer.` + what the optimizer keeps.
  virtual const std::vector<std::string>& state_names() const = 0;
  /// A copy.
  virtual Result<Tensor> state(const std::string& name) = 0;
  virtual Status set_state(const std::string& name, const Tensor& value) = 0;

  /// Replaces each value by its sum over the processes of the run; also a barrier.
  virtual Status sum(std::span<double> values) = 0;
  /// Gives every process the running statistics of the first.
  virtual Status share_statistics() = 0;
};

/// What crosses as `ema.` + name is the average of `name`.
inline constexpr std::string_view kEmaPrefix = "ema.";
inline constexpr std::string_view kOptimizerPrefix = "optimizer.";

/// Opens libridgeline_train_libtorch.so from `directories` (see plugin_directories()) and gives it `graph`,
/// whose initializers are the first weights. kUnavailable with the remedy where the plugin or the device is
/// missing. With a rendezvous the call waits for the other processes.
Result<std::unique_ptr<Learner>> make_learner(const Graph& graph, const LearnerOptions& options,
                                              const std::vector<std::string>& directories);

}  // namespace ridgeline::train
