#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>
#include <span>
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "train/learner_options.h"

namespace ridgeline::train {

/// The processes that learn one model together, over c10d's Gloo. Every process makes the same calls in the
/// same order; each call waits for the others and throws when one is gone. Tensors on a GPU cross through the
/// host's memory.
class ProcessGroup {
 public:
  /// Waits for all. Throws what c10d throws when the meeting fails.
  explicit ProcessGroup(const Rendezvous& rendezvous);
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  /// Replaces each tensor by its mean over the processes; they are dense and of one type.
  void average(std::span<const at::Tensor> tensors);
  void sum(std::span<double> values);
  /// Replaces each tensor by that of the first process.
  void broadcast(std::span<const at::Tensor> tensors);

 private:
  int world_size_;
  c10::intrusive_ptr<c10d::Backend> backend_;
};

}  // namespace ridgeline::train
