#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/ceil_div.h"

/// Kernels on images of numbers narrower than FP32: [batch, blocks, parts, height, width] lines, each of
/// which holds a pixel's numbers for the 32 channels of a block. Numbers past the last channel are finite and
/// of no meaning.
namespace ridgeline::kernels::lines {

constexpr int64_t kLineBytes = 64;
constexpr int64_t kChannels = 32;  ///< of a block

struct alignas(kLineBytes) Line {
  uint16_t numbers[kChannels];
};

enum class Numbers {
  kBf16,
  /// x as hi = bf16(x) and lo = bf16(x − hi), each in a part of its own: 16 bits of mantissa. Products of two
  /// are hi·hi + hi·lo + lo·hi.
  kBf16Pair,
};

constexpr int64_t parts_of(Numbers numbers) { return numbers == Numbers::kBf16Pair ? 2 : 1; }
constexpr int64_t blocks_of(int64_t channels) { return ceil_div(channels, kChannels); }

}  // namespace ridgeline::kernels::lines
