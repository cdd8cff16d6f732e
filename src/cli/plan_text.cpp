#include "cli/plan_text.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace ridgeline::cli {

Json plan_json(const native::Explanation& explanation) {
  Json steps = Json::array();
  for (const native::PlannedStep& step : explanation.steps) {
    Json out = Json::array(), refused = Json::array();
    for (const Shape& shape : step.out) out.push_back(shape.dims());
    for (const kernels::Refusal& refusal : step.refusals)
      refused.push_back({{"kernel", refusal.impl}, {"reason", refusal.reason}});
    steps.push_back({{"name", step.name},
                     {"op", step.op},
                     {"kernel", step.kernel},
                     {"out", std::move(out)},
                     {"refused", std::move(refused)}});
  }
  return {{"weights_bytes", explanation.weights_bytes},
          {"arena_bytes", explanation.arena_bytes},
          {"steps", std::move(steps)}};
}

std::string plan_text(const native::Explanation& explanation) {
  std::string text =
      fmt::format("{} steps, {:.1f} MB of weights as they are packed, {:.1f} MB for all values\n",
                  explanation.steps.size(), static_cast<double>(explanation.weights_bytes) / 1e6,
                  static_cast<double>(explanation.arena_bytes) / 1e6);
  for (const native::PlannedStep& step : explanation.steps) {
    std::string out;
    for (const Shape& shape : step.out) out += (out.empty() ? "" : " ") + shape.to_string();
    text += fmt::format("{:18} {:18} {:24} {}\n", step.kernel, step.op, out, step.name);
    for (const kernels::Refusal& refusal : step.refusals)
      text += fmt::format("    not {}: {}\n", refusal.impl, refusal.reason);
  }
  return text;
}

}  // namespace ridgeline::cli
