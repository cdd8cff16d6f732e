#pragma once

#include "engine/native/plan.h"

namespace ridgeline::native {

/// Joins steps that can make any rows by themselves, where what lies between two of them is more than
/// `limits` leave to caches and nobody else reads it: the joined step makes the last one's rows band after
/// band, and of what lies between only the rows that a band needs. `threads` of the pools that the plan will
/// run on.
void chain_steps(Plan& plan, const ChainLimits& limits, int threads);

}  // namespace ridgeline::native
