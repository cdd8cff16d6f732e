#include "train/schedule.h"

#include <cmath>
#include <numbers>

namespace ridgeline::train {
namespace {

constexpr double kWarmupStart = 0.01;  // of the base, torchvision's --lr-warmup-decay

}  // namespace

double learning_rate(const Schedule& schedule, const RunLength& length, int64_t step) {
  const auto per_epoch = static_cast<double>(length.steps_per_epoch);
  const auto warmup = static_cast<int64_t>(std::llround(schedule.warmup_epochs * per_epoch));
  if (step < warmup) {
    const double share = static_cast<double>(step) / static_cast<double>(warmup);
    return schedule.base * (kWarmupStart + (1 - kWarmupStart) * share);
  }
  const auto since = static_cast<double>(step - warmup);
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      return schedule.base;
    case ScheduleKind::kCosine: {
      const double total = static_cast<double>(length.epochs) * per_epoch - static_cast<double>(warmup);
      return schedule.base * (1 + std::cos(std::numbers::pi * since / total)) / 2;
    }
    case ScheduleKind::kStep:
      return schedule.base * std::pow(schedule.gamma, std::floor(since / (schedule.step_epochs * per_epoch)));
  }
  return schedule.base;
}

}  // namespace ridgeline::train
