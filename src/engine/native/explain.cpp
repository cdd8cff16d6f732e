#include "engine/native/explain.h"

#include "engine/native/held_memory.h"

namespace ridgeline::native {

Result<Explanation> explain(const Graph& graph, const PlanOptions& options) {
  ASSIGN_OR_RETURN(Plan plan, make_plan(graph, options));
  HeldMemory held;
  held.add(plan);
  const MemoryUse memory = held.use();
  Explanation explanation{.weights_bytes = memory.weights_bytes, .arena_bytes = memory.arena_bytes};
  for (Step& step : plan.steps) {
    PlannedStep planned{step.name, step.op, step.kernel, {}, std::move(step.refusals)};
    for (size_t i = 0; i < step.results; ++i) planned.out.push_back(plan.slots[step.out[i]].shape);
    explanation.steps.push_back(std::move(planned));
  }
  return explanation;
}

}  // namespace ridgeline::native
