#pragma once

#include <cstdint>

namespace ridgeline::train {

enum class ScheduleKind { kConstant, kCosine, kStep };

/// How the learning rate goes over a run, step by step: PyTorch's SequentialLR of LinearLR (from a hundredth)
/// and CosineAnnealingLR (to 0), StepLR or ConstantLR, called once per step.
struct Schedule {
  ScheduleKind kind = ScheduleKind::kConstant;
  double base = 0.1;         ///< the optimizer's learning rate
  double warmup_epochs = 0;  ///< of the linear rise
  int step_epochs = 30;      ///< kStep: epochs between drops, counted from the end of the warm-up
  double gamma = 0.1;        ///< kStep: the factor of each drop
};

struct RunLength {
  int64_t epochs = 1;
  int64_t steps_per_epoch = 1;
};

/// The learning rate of `step`, counted over all epochs from 0.
double learning_rate(const Schedule& schedule, const RunLength& length, int64_t step);

}  // namespace ridgeline::train
