#include "serve/scheduling/thread_budget.h"

#include <algorithm>
#include <fmt/format.h>

namespace ridgeline::serve {
namespace {

std::string count_of(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// Gives one more thread at a time to each instance of the model that has least, while that fits.
void raise(std::span<const ThreadDemand> demands, bool asked, int64_t cores, ThreadPlan& plan) {
  for (;;) {
    ThreadShare* least = nullptr;
    for (size_t i = 0; i < demands.size(); ++i) {
      ThreadShare& share = plan.shares[i];
      if (demands[i].asked.has_value() != asked || share.threads >= demands[i].asked.value_or(cores))
        continue;
      if (plan.total + share.instances > cores) continue;
      if (least == nullptr || share.threads < least->threads) least = &share;
    }
    if (least == nullptr) return;
    ++least->threads;
    plan.total += least->instances;
  }
}

std::string why_of(const ThreadDemand& demand, const ThreadShare& share, int64_t cores) {
  const std::string got =
      fmt::format("model '{}': {} of {}", share.model, count_of(share.instances, "instance"),
                  count_of(share.threads, "thread"));
  if (!demand.asked) return fmt::format("{}, its share of {}", got, count_of(cores, "core"));
  if (*demand.asked == share.threads) return fmt::format("{}, as configured", got);
  return fmt::format(
      "{}, not the {} configured: all models' instances together would pass {}; ask for fewer "
      "instances or threads, or allow more threads than cores",
      got, *demand.asked, count_of(cores, "core"));
}

}  // namespace

ThreadPlan share_threads(std::span<const ThreadDemand> demands, int64_t cores, bool may_exceed) {
  ThreadPlan plan;
  for (const ThreadDemand& demand : demands) {
    const int64_t threads = may_exceed ? demand.asked.value_or(1) : 1;
    plan.shares.push_back({demand.model, demand.instances, threads, ""});
    plan.total += demand.instances * threads;
  }
  raise(demands, true, cores, plan);
  raise(demands, false, cores, plan);
  for (size_t i = 0; i < demands.size(); ++i) plan.shares[i].why = why_of(demands[i], plan.shares[i], cores);
  plan.summary = fmt::format("{} on {}", count_of(plan.total, "thread"), count_of(cores, "core"));
  if (plan.total > cores)
    plan.summary += may_exceed ? ": they take turns, as was allowed"
                               : ": every instance needs one; fewer instances would be faster";
  return plan;
}

}  // namespace ridgeline::serve
