#pragma once

#include "engine/native/plan.h"
#include "kernels/select.h"

namespace ridgeline::native {

/// A fused operator, or a turn of an image from one form to the other.
struct PlannedStep {
  std::string name;  ///< of its ONNX nodes, joined by "+"; a turn's is the value's
  std::string op;
  std::string kernel;
  std::vector<Shape> out;  ///< images in blocks have five axes, in lines six
  std::vector<kernels::Refusal>
      refusals;  ///< of convolutions' implementations that come first in their lists
};

/// What a session in latency mode would run.
struct Explanation {
  std::vector<PlannedStep> steps;
  int64_t weights_bytes = 0;
  int64_t arena_bytes = 0;
};

/// kUnsupported, naming the node, for what the engine cannot run.
Result<Explanation> explain(const Graph& graph, const PlanOptions& options);

}  // namespace ridgeline::native
