#pragma once

#include <vector>

#include "engine/engine.h"
#include "engine/native/shared_weights.h"
#include "engine/native/step.h"
#include "graph/infer.h"

namespace ridgeline::native {

/// A graph made ready to run at fixed shapes: steps in order over slots that lie in one arena.
struct Plan {
  Signature signature;
  std::vector<Step> steps;
  std::vector<TensorView> slots;
  std::vector<size_t> inputs, outputs;  ///< slots, in the signature's order
  std::vector<Tensor> constants;        ///< weights and packed weights that the slots and steps look into
  size_t shared_bytes = 0;              ///< of the constants, what other sessions of the graph have too
  Tensor arena;

  /// Points the inputs' slots at `in` and runs all steps.
  Status run(std::span<const TensorView> in, ThreadPool& pool);
  /// The same plan over the same weights with an arena of its own, to run beside this one.
  Result<Plan> clone() const;
};

/// Bytes of an image between two steps: with more they are joined (engine/native/chain.h), and a thread then
/// holds so many at a time, in its second-level cache.
struct ChainLimits {
  int64_t in_caches = int64_t{1} << 20;
  int64_t held = int64_t{512} << 10;
};

/// How quantised models are computed at INT8.
enum class Int8Kernels {
  kFastest,    ///< on bytes where this CPU multiplies them fast and each layer has a kernel, else as kFloats
  kFloats,     ///< by FP32 kernels, rounded where the model rounds
  kBytes,      ///< by exact sums of bytes in lines, on any CPU
  kReference,  ///< by exact sums as they are defined, which bytes have to agree with
};

/// How models are computed at BF16 and in pairs of BF16.
enum class NarrowKernels {
  kFastest,  ///< in lines where this CPU multiplies such numbers fast, else in FP32
  kLines,    ///< in lines, on any CPU
};

/// What a plan is made for.
struct PlanOptions {
  InputShapes input_shapes{};
  int threads = 1;  ///< of the pools that it will run on
  Precision precision = Precision::kFp32;
  Int8Kernels int8 = Int8Kernels::kFastest;
  NarrowKernels narrow = NarrowKernels::kFastest;
  SharedWeights* weights = nullptr;  ///< with whom packed weights are shared; none: nobody
  int packing_threads = 1;           ///< that pack weights
  bool is_trial = false;             ///< not to be run: weights are not packed
  ChainLimits chains{};
};
/// The graph after all passes, its constants folded by the engine's own kernels. kUnsupported,
/// naming the node, for an op, a type or a shape that the engine cannot run.
Result<Plan> make_plan(const Graph& graph, const PlanOptions& options);

}  // namespace ridgeline::native
