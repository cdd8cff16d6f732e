#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "engine/native/plan.h"

namespace ridgeline::native {

/// Where each buffer may lie, given when it is first written and last read.
struct Lifetime {
  size_t bytes = 0;
  size_t first = 0, last = 0;  ///< step indices
};
struct Layout {
  std::vector<size_t> offsets;  ///< 64-byte aligned
  size_t total = 0;
};
/// First fit: buffers whose lifetimes overlap never share a byte.
Layout lay_out(const std::vector<Lifetime>& buffers);

/// What a plan's steps write. Outputs of the plan live to its end.
struct Buffers {
  std::map<size_t, size_t> by_slot;
  std::vector<Lifetime> lifetimes;
};
/// One for each slot, but for a result that replaces an input which is not read again.
Buffers buffers_of(const Plan& plan);

}  // namespace ridgeline::native
