// Included by tile_kernels_body.h, once for each instruction set: blocks of kLanes channels between NCHW and
// NHWC.

#pragma once

#include <algorithm>
#include <array>

#include "kernels/winograd/vectors_body.h"

namespace ridgeline::kernels::winograd {
namespace {

using Index = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));

/// Which lanes of two vectors a and b stay where they are (`first`: of a) or come from `step` lanes beside
/// them, when squares of `step` on the diagonal exchange their corners.
template <int step, bool first>
constexpr std::array<int32_t, kLanes> corner_lanes() {
  std::array<int32_t, kLanes> lanes{};
  for (int lane = 0; lane < kLanes; ++lane) {
    const bool upper = (lane & step) != 0;
    lanes[lane] = first ? (upper ? kLanes + lane - step : lane) : (upper ? kLanes + lane : lane + step);
  }
  return lanes;
}

template <int step>
void exchange_corners(Vector (&rows)[kLanes]) {
  alignas(sizeof(Index)) static constexpr auto kFirst = corner_lanes<step, true>();
  alignas(sizeof(Index)) static constexpr auto kSecond = corner_lanes<step, false>();
  const Index first = *reinterpret_cast<const Index*>(kFirst.data());
  const Index second = *reinterpret_cast<const Index*>(kSecond.data());
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) {
    if ((i & step) != 0) continue;
    const Vector a = rows[i], b = rows[i + step];
    rows[i] = __builtin_shuffle(a, b, first);
    rows[i + step] = __builtin_shuffle(a, b, second);
  }
}

void transpose(Vector (&rows)[kLanes]) {
  exchange_corners<1>(rows);
  exchange_corners<2>(rows);
  exchange_corners<4>(rows);
  if constexpr (kLanes > 8) exchange_corners<8>(rows);
}

/// body(pixel) for blocks of kLanes pixels that cover all; the last may overlap the one before.
template <typename Body>
void for_pixel_blocks(int64_t pixels, const Body& body) {
  for (int64_t pixel = 0; pixel < pixels; pixel += kLanes) body(std::min(pixel, pixels - kLanes));
}

void to_nhwc(const float* in, const Block& block, float* out) {
  if (block.pixels < kLanes) {
    for (int64_t pixel = 0; pixel < block.pixels; ++pixel)
      for (int64_t c = 0; c < kLanes; ++c) out[pixel * block.channels + c] = in[c * block.pixels + pixel];
    return;
  }
  for_pixel_blocks(block.pixels, [&](int64_t pixel) {
    Vector rows[kLanes];
#pragma GCC unroll 16
    for (int c = 0; c < kLanes; ++c) rows[c] = load(in + c * block.pixels + pixel);
    transpose(rows);
#pragma GCC unroll 16
    for (int p = 0; p < kLanes; ++p) store(out + (pixel + p) * block.channels, rows[p]);
  });
}

/// NaN passes.
template <typename Value>
Value clamped(Value value, const Epilogue& epilogue) {
  value = value < epilogue.low ? Value{} + epilogue.low : value;
  return value > epilogue.high ? Value{} + epilogue.high : value;
}

void to_nchw(const float* in, const Block& block, const Epilogue& epilogue, float* out) {
  if (block.pixels < kLanes) {
    for (int64_t c = 0; c < kLanes; ++c)
      for (int64_t pixel = 0; pixel < block.pixels; ++pixel) {
        const int64_t at = c * block.pixels + pixel;
        float value = in[pixel * block.channels + c];
        if (epilogue.bias != nullptr) value += epilogue.bias[c];
        if (epilogue.residual != nullptr) value += epilogue.residual[at];
        out[at] = clamped(value, epilogue);
      }
    return;
  }
  for_pixel_blocks(block.pixels, [&](int64_t pixel) {
    Vector rows[kLanes];
#pragma GCC unroll 16
    for (int p = 0; p < kLanes; ++p) rows[p] = load(in + (pixel + p) * block.channels);
    transpose(rows);
#pragma GCC unroll 16
    for (int c = 0; c < kLanes; ++c) {
      const int64_t at = c * block.pixels + pixel;
      Vector value = rows[c];
      if (epilogue.bias != nullptr) value += epilogue.bias[c];
      if (epilogue.residual != nullptr) value += load(epilogue.residual + at);
      store(out + at, clamped(value, epilogue));
    }
  });
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
