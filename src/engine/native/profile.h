#pragma once

#include "engine/native/plan.h"

namespace ridgeline::native {

/// Mean time of each step over `iterations` runs on `in`; the time of joined steps is shared among them as
/// their threads spent it.
Result<std::vector<OpTime>> profile_plan(Plan& plan, std::span<const TensorView> in, ThreadPool& pool,
                                         int iterations);

}  // namespace ridgeline::native
