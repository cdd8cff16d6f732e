#pragma once

#include <vector>

#include "engine/engine.h"
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
  Tensor arena;
};

/// kUnsupported, naming the node, for an op, a type or a shape that the engine cannot run.
Result<Plan> make_plan(const Graph& graph, const InputShapes& input_shapes);

/// Where each buffer may lie, given when it is first written and last read.
struct Lifetime {
  size_t bytes = 0;
  size_t first = 0, last = 0;  ///< step indices
};
struct Layout {
  std::vector<size_t> offsets;  ///< 64-byte aligned
  size_t total = 0;
};
/// First fit: buffers whose lifetimes overlap never share a byte.
Layout lay_out(const std::vector<Lifetime>& buffers);

}  // namespace ridgeline::native
