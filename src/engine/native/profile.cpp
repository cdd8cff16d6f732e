#include "engine/native/profile.h"

#include <chrono>
#include <map>

namespace ridgeline::native {

Result<std::vector<OpTime>> profile_plan(Plan& plan, std::span<const TensorView> in, ThreadPool& pool,
                                         int iterations) {
  using Clock = std::chrono::steady_clock;
  for (size_t i = 0; i < in.size(); ++i) plan.slots[plan.inputs[i]].data = in[i].data;
  std::vector<OpTime> times;
  for (const Step& step : plan.steps) times.push_back({step.name, step.op, step.kernel, 0});
  for (int i = 0; i < iterations; ++i) {
    for (size_t s = 0; s < plan.steps.size(); ++s) {
      const auto start = Clock::now();
      RETURN_IF_ERROR(plan.steps[s].run(plan.slots, pool));
      times[s].mean_us +=
          std::chrono::duration<double, std::micro>(Clock::now() - start).count() / iterations;
    }
  }
  return times;
}

MemoryUse memory_of(const Plan& plan) {
  MemoryUse use{.shared_bytes = static_cast<int64_t>(plan.shared_bytes),
                .arena_bytes = static_cast<int64_t>(plan.arena.byte_size())};
  std::map<const std::byte*, size_t> bytes;  // layers may share weights
  for (const Tensor& tensor : plan.constants) bytes[tensor.data()] = tensor.byte_size();
  for (const auto& [data, size] : bytes) use.weights_bytes += static_cast<int64_t>(size);
  return use;
}

}  // namespace ridgeline::native
