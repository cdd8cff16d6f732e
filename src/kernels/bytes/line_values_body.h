// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include "kernels/bytes/steps_body.h"

namespace ridgeline::kernels::bytes {
namespace {

constexpr int kLineVectors = static_cast<int>(kChannels) / kLanes;

/// A line's numbers, in the order in which ValueTable leaves them.
struct LineValues {
  Vector vectors[kLineVectors];
};

}  // namespace
}  // namespace ridgeline::kernels::bytes
