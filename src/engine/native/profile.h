#pragma once

#include "engine/native/plan.h"

namespace ridgeline::native {

/// Mean time of each step over `iterations` runs on `in`.
Result<std::vector<OpTime>> profile_plan(Plan& plan, std::span<const TensorView> in, ThreadPool& pool,
                                         int iterations);

MemoryUse memory_of(const Plan& plan);

}  // namespace ridgeline::native
