#pragma once

#include <ATen/core/Tensor.h>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/libtorch/op.h"
#include "graph/graph.h"

namespace ridgeline::libtorch {

/// Where and in what a program computes.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType float_type = at::kFloat;  ///< what the graph's FP32 values are computed in
};

/// One node as it runs: slots are places for values, numbered when the program is built.
struct Step {
  std::string name;
  std::string op;
  Kernel kernel;
  std::vector<InputRef> inputs;
  std::vector<size_t> outputs;
  std::vector<size_t> dead;  ///< slots that hold nothing of use after the step
};

/// Fills in the `dead` and `last_read` of `steps`, which run in this order: each slot dies with its last
/// reader, or with the step that fills it when nobody reads it; those of `kept` stay alive.
void mark_deaths(std::span<Step> steps, std::span<const size_t> kept);

/// A graph as a list of ATen calls over numbered slots. Nodes whose inputs are constants, and those that only
/// ask for a shape, have been computed when the program was built; every other node has been run once by
/// then, on trial data. Runs under an InferenceMode that the caller holds. Never run concurrently with
/// itself.
class Program {
 public:
  /// Static `shapes`, one per graph input. kUnsupported naming the node that has no kernel here.
  static Result<Program> build(const Graph& graph, const std::vector<Shape>& shapes,
                               const Placement& placement);

  /// A graph input as kernels want it: the type and device of the placement, NHWC in memory where the graph
  /// convolves. Written by the caller before each run.
  at::Tensor& input(size_t i) { return slots_[inputs_[i]]; }
  /// Valid after a run, until clear_outputs().
  const at::Tensor& output(size_t i) const { return slots_[outputs_[i]]; }
  /// Shapes of the outputs; kUnknownDim everywhere in one that depends on the data.
  const std::vector<Shape>& output_shapes() const { return output_shapes_; }
  const std::vector<Step>& steps() const { return steps_; }
  int64_t constant_bytes() const;

  Status run();
  /// Adds each step's time to `totals`, which has one element per step.
  Status run_timed(std::span<std::chrono::nanoseconds> totals);

 private:
  friend class ProgramBuilder;

  Status run_step(const Step& step);

  Placement placement_;
  std::vector<at::Tensor> slots_;  ///< slot 0 stays undefined: the inputs that nodes leave out
  std::vector<size_t> constants_;
  std::vector<size_t> inputs_;
  std::vector<size_t> outputs_;
  std::vector<Shape> output_shapes_;
  std::vector<Step> steps_;
};

}  // namespace ridgeline::libtorch
