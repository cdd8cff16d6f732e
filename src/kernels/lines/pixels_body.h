// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/lines/line_kernels.h"
#include "kernels/lines/numbers_body.h"

namespace ridgeline::kernels::lines {
namespace {

/// Two channels of kLanes pixels: [pixel, channel].
inline Ints paired(Vector first, Vector second) {
  const Ints low = zero_extended(narrowed(first)), high = zero_extended(narrowed(second));
  return low | high << 16;
}

/// The pixels' first two channels and their last two, side by side.
inline void store_pixels(uint16_t* to, Ints first, Ints last) {
  struct {
    Ints first, last;
  } pairs{first, last};
  const auto* const words = reinterpret_cast<const uint32_t*>(&pairs);
  for (int64_t pixel = 0; pixel < kLanes; ++pixel) {
    std::memcpy(to + 4 * pixel, words + pixel, 4);
    std::memcpy(to + 4 * pixel + 2, words + kLanes + pixel, 4);
  }
}

template <Numbers numbers>
void to_pixels(const PlanePixels& pixels) {
  for (int64_t first = 0; first < pixels.count; first += kLanes) {
    const int64_t count = std::min<int64_t>(kLanes, pixels.count - first);
    Vector x[4] = {};
    for (int channel = 0; channel < 4; ++channel)
      if (const float* const plane = pixels.planes[channel]; plane != nullptr)
        x[channel] = count == kLanes ? vector::load(plane + first) : vector::load_some(plane + first, count);
    uint16_t whole[4 * kLanes];
    const auto store = [&](uint16_t* to) {
      uint16_t* const at = count == kLanes ? to + 4 * first : whole;
      store_pixels(at, paired(x[0], x[1]), paired(x[2], x[3]));
      if (at == whole) std::copy_n(whole, 4 * count, to + 4 * first);
    };
    store(pixels.hi);
    if constexpr (numbers == Numbers::kBf16Pair) {
      for (Vector& channel : x) channel -= widened(narrowed(channel));
      store(pixels.lo);
    }
  }
}

}  // namespace
}  // namespace ridgeline::kernels::lines
