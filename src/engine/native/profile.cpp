#include "engine/native/profile.h"

#include <chrono>

namespace ridgeline::native {
namespace {

/// A row for each step, or for each of those that were joined into one.
void add_names(const Step& step, std::vector<OpTime>& times) {
  if (!step.joined) return times.push_back({step.name, step.op, step.kernel, 0});
  for (const auto& [name, op, kernel] : step.joined->links) times.push_back({name, op, kernel, 0});
}

}  // namespace

Result<std::vector<OpTime>> profile_plan(Plan& plan, std::span<const TensorView> in, ThreadPool& pool,
                                         int iterations) {
  using Clock = std::chrono::steady_clock;
  for (size_t i = 0; i < in.size(); ++i) plan.slots[plan.inputs[i]].data = in[i].data;
  std::vector<OpTime> times;
  for (const Step& step : plan.steps) add_names(step, times);
  for (int i = 0; i < iterations; ++i) {
    auto time = times.begin();
    for (const Step& step : plan.steps) {
      std::vector<double> shares(step.joined ? step.joined->links.size() : 1, 1);
      const auto start = Clock::now();
      if (step.joined)
        step.joined->run_timed(plan.slots, pool, shares);
      else
        RETURN_IF_ERROR(step.run(plan.slots, pool));
      const double us = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
      for (const double share : shares) time++->mean_us += share * us / iterations;
    }
  }
  return times;
}

}  // namespace ridgeline::native
