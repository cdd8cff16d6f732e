#pragma once

#include <cstdint>

#include "kernels/ceil_div.h"

/// Kernels on blocked images, FP32: [batch, blocks, height, width, kBlock], where block b holds channels b ·
/// kBlock and on, 64 bytes of a pixel side by side. Lanes past the last channel hold finite numbers of no
/// meaning.
namespace ridgeline::kernels::blocked {

constexpr int64_t kBlock = 16;

constexpr int64_t blocks_of(int64_t channels) { return ceil_div(channels, kBlock); }

}  // namespace ridgeline::kernels::blocked
