#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/engine.h"

namespace ridgeline::train {

enum class OptimizerKind { kSgd, kAdamW };

/// Hyper-parameters under PyTorch's names and with its meaning; the learning rate comes with each step.
struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kSgd;
  double weight_decay = 1e-4;
  double momentum = 0.9;  ///< SGD
  bool nesterov = false;  ///< SGD
  double beta1 = 0.9;     ///< AdamW
  double beta2 = 0.999;   ///< AdamW
  double epsilon = 1e-8;  ///< AdamW
};

/// How the CPU computes 3×3 convolutions: by Winograd's algorithm where it can (kernels/winograd), or all by
/// LibTorch, with its bits.
enum class ConvolutionKind { kFast, kDirect };

/// Where the processes of a distributed run meet, as torchrun tells them.
struct Rendezvous {
  int rank = 0;
  int world_size = 1;
  std::string address;  ///< where rank 0 listens
  int port = 0;
  bool has_agent = false;  ///< torchrun's agent listens, not rank 0
  std::string attempt;     ///< torchrun's count of restarts: each meets by itself
};

struct LearnerOptions {
  std::string device = "cpu";              ///< "cpu" or "cuda:N"
  Precision precision = Precision::kFp32;  ///< kBf16: convolutions and products in BF16, weights stay FP32
  int threads = 1;  ///< 0 in a configuration: this process's share of the CPUs that it may use
  ConvolutionKind convolution = ConvolutionKind::kFast;
  OptimizerOptions optimizer;
  double clip_grad_norm = 0;             ///< largest L2 norm of all gradients together; 0 clips nothing
  double ema_decay = 0;                  ///< of an average of the weights, per step; 0 keeps none
  std::vector<std::string> frozen;       ///< weights that don't learn, running statistics that don't move
  std::optional<Rendezvous> rendezvous;  ///< absent: one process
};

/// What crosses the door of the plugin.
std::string encode(const LearnerOptions& options);
/// kInternal with the field that is wrong: the text is our own.
Result<LearnerOptions> decode_learner_options(std::string_view text);

}  // namespace ridgeline::train
