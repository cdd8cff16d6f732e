#pragma once

#include <array>
#include <vector>

#include "engine/native/plan.h"

namespace ridgeline {

/// What a model of one input leaves, output after output, computed in lines whether this CPU is fast at that
/// or not; of the second run, which meets the arena as the first left it.
inline Result<std::vector<float>> outputs_in_lines(const Graph& graph, const Tensor& image, int threads,
                                                   Precision precision) {
  ASSIGN_OR_RETURN(native::Plan plan,
                   native::make_plan(graph, {.input_shapes = {{graph.inputs[0].name, image.shape()}},
                                             .threads = threads,
                                             .precision = precision,
                                             .narrow = native::NarrowKernels::kLines}));
  ThreadPool pool(threads);
  const std::array in = {image.view()};
  for (int again = 0; again < 2; ++again) RETURN_IF_ERROR(plan.run(in, pool));
  std::vector<float> all;
  for (const size_t slot : plan.outputs) {
    const auto values = plan.slots[slot].as<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace ridgeline
