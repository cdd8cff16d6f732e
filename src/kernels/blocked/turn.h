#pragma once

#include "base/thread_pool.h"
#include "kernels/blocked/block.h"

namespace ridgeline::kernels::blocked {

/// Images in either form: [batch, channels, plane] or [batch, blocks_of(channels), plane, kBlock].
struct TurnDesc {
  int64_t batch = 1;
  int64_t channels = 1;
  int64_t plane = 1;  ///< pixels
};

/// Lanes past the last channel become zeros.
void to_blocks(const TurnDesc& desc, const float* planes, float* blocks, ThreadPool& pool);
void to_planes(const TurnDesc& desc, const float* blocks, float* planes, ThreadPool& pool);

}  // namespace ridgeline::kernels::blocked
