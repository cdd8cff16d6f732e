#pragma once

#include "kernels/lines/line.h"
#include "tensor/dtype.h"

/// Kernels on images of u8 or i8: [batch, blocks, height, width] lines, each of which holds a pixel's steps
/// for the 64 channels of a block, counted from the type's lowest: u8 as they are, i8 plus 128. Steps past
/// the last channel are of no meaning.
namespace ridgeline::kernels::bytes {

using lines::kLineBytes;
using lines::Line;

constexpr int64_t kChannels = kLineBytes;  ///< of a block

constexpr int64_t blocks_of(int64_t channels) { return ceil_div(channels, kChannels); }

/// What steps are exclusive-ored with to count from the type's lowest, and back.
constexpr uint8_t flip_of(DType dtype) { return dtype == DType::kI8 ? 0x80 : 0; }
/// A zero point counted likewise.
constexpr int32_t from_lowest(DType dtype, int32_t step) { return dtype == DType::kI8 ? step + 128 : step; }

inline uint8_t* steps_of(Line* line) { return reinterpret_cast<uint8_t*>(line); }
inline const uint8_t* steps_of(const Line* line) { return reinterpret_cast<const uint8_t*>(line); }

}  // namespace ridgeline::kernels::bytes
