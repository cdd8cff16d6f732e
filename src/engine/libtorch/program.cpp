#include "engine/libtorch/program.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <unordered_set>

namespace ridgeline::libtorch {

void mark_deaths(std::span<Step> steps, std::span<const size_t> kept) {
  std::unordered_set<size_t> alive(kept.begin(), kept.end());
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    for (const size_t slot : step->outputs) {
      if (alive.insert(slot).second) step->dead.push_back(slot);
    }
    for (InputRef& input : step->inputs) {
      if (!alive.insert(input.slot).second) continue;
      input.last_read = true;
      step->dead.push_back(input.slot);
    }
  }
}

int64_t Program::constant_bytes() const {
  std::unordered_set<const void*> seen;
  int64_t bytes = 0;
  for (const size_t slot : constants_) {
    const at::Tensor& value = slots_[slot];
    if (seen.insert(value.const_data_ptr()).second) bytes += static_cast<int64_t>(value.nbytes());
  }
  return bytes;
}

Status Program::run_step(const Step& step) {
  try {
    step.kernel(Inputs(slots_, step.inputs), Outputs(slots_, step.outputs));
  } catch (const std::exception& error) {
    return status_of(error).with_context(step.op + " '" + step.name + "'");
  }
  for (const size_t slot : step.dead) slots_[slot].reset();
  return {};
}

Status Program::run() {
  for (const Step& step : steps_) RETURN_IF_ERROR(run_step(step));
  return {};
}

Status Program::run_timed(std::span<std::chrono::nanoseconds> totals) {
  using Clock = std::chrono::steady_clock;
  const auto finish = [this] {
    if (placement_.device.is_cuda()) at::detail::getCUDAHooks().deviceSynchronize(placement_.device.index());
  };
  finish();
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Clock::time_point start = Clock::now();
    RETURN_IF_ERROR(run_step(steps_[i]));
    finish();
    totals[i] += Clock::now() - start;
  }
  return {};
}

}  // namespace ridgeline::libtorch
