#pragma once

#include <ATen/core/Tensor.h>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/libtorch/program.h"
#include "graph/graph.h"
#include "train/learner_options.h"
#include "train/libtorch/norm_folds.h"

namespace ridgeline::train {

/// A tensor of the model that training changes: a parameter by gradients, a statistic by what the batches
/// are.
struct Weight {
  std::string name;
  at::Tensor value;           ///< FP32 on the device, NHWC in memory where it has four axes
  bool is_statistic = false;  ///< running mean or variance of a BatchNormalization
};

/// Whether batches move the running statistics and are normalised by their own (training), or by those.
enum class Phase { kTraining, kEvaluation };

/// The forward pass of a graph as ATen calls that autograd records. Convolutions and products compute in the
/// placement's type, everything else in the type that reaches it; normalisation keeps its statistics in FP32.
/// Never run concurrently with itself.
class Network {
 public:
  /// kUnsupported naming the node that has no kernel here, or whose kernel needs a constant that would learn.
  static Result<Network> build(const Graph& graph, const libtorch::Placement& placement,
                               const LearnerOptions& options);

  /// As the graph's initializers give them, in the order in which its nodes read them.
  const std::vector<Weight>& initial_weights() const { return weights_; }
  /// Modules (PyTorch's names) of the BatchNormalizations whose statistics move.
  const std::vector<std::string>& moving_norms() const { return moving_norms_; }

  /// The graph's output for `images` (N × C × H × W) with `weights`, which stand where those of
  /// initial_weights() stood. Throws what ATen throws.
  at::Tensor forward(std::span<const at::Tensor> weights, const at::Tensor& images, Phase phase);

 private:
  Network(const libtorch::Placement& placement, ConvolutionKind convolution)
      : placement_(placement), convolution_(convolution) {
    slots_.emplace_back();
  }
  void sort_initializers(const Graph& graph);
  void add_weights(const Graph& graph, const Node& node);
  Status add_node(const Graph& graph, size_t index, const NormFolds& folds);
  Status add_norm(const Node& node, const NormFold* fold, const Node& last);
  Status add_step(const Node& node, libtorch::Kernel kernel, std::span<const std::string> inputs,
                  std::span<const std::string> outputs);
  Result<libtorch::Kernel> kernel_for(const Node& node) const;
  libtorch::Kernel norm_kernel(const Node& node, const NormFold* fold);
  Result<size_t> slot_of(const std::string& name) const;
  size_t new_slot(const std::string& name);

  libtorch::Placement placement_;
  ConvolutionKind convolution_;
  std::shared_ptr<Phase> phase_ = std::make_shared<Phase>(Phase::kEvaluation);  ///< kernels read it
  std::vector<Weight> weights_;
  std::vector<size_t> weight_slots_;  ///< one per weight
  std::vector<std::string> moving_norms_;
  std::map<std::string, at::Tensor> constants_;  ///< integers and single numbers: they don't learn
  std::unordered_map<std::string, size_t> slots_by_name_;
  std::vector<at::Tensor> slots_;  ///< slot 0 stays undefined: the inputs that nodes leave out
  std::vector<libtorch::Step> steps_;
  size_t input_ = 0;
  size_t output_ = 0;
};

}  // namespace ridgeline::train
