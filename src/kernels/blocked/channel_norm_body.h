// Included by lanes_body.h, once for each instruction set.

#pragma once

#include "kernels/blocked/lanes.h"
#include "kernels/blocked/vectors_body.h"

namespace ridgeline::kernels::blocked {
namespace {

/// fold(x, channel, offset, r) of all channels of `together` pixels, a vector at a time from the `channel` on
/// that lies at `offset`; lanes past the last channel hold fill[r].
template <int together, typename Fold>
inline void for_each_vector(const PixelNorm& norm, const float (&fill)[together], const Fold& fold) {
  for (int64_t channel = 0; channel < blocks_of(norm.channels) * kBlock; channel += kLanes) {
    const int64_t offset = channel / kBlock * norm.block + channel % kBlock;
    const int64_t some = norm.channels - channel;
#pragma GCC unroll 4
    for (int r = 0; r < together; ++r) {
      const float* const at = norm.in + offset + r * kBlock;
      const Vector x = some >= kLanes
                           ? load(at)
                           : vector::load_some(at, std::max<int64_t>(0, some), vector::splat(fill[r]));
      fold(x, channel, offset, r);
    }
  }
}

inline Vector numbers_of(const float* numbers, int64_t channel, int64_t channels) {
  const int64_t some = channels - channel;
  if (numbers == nullptr || some <= 0) return Vector{};
  return some >= kLanes ? load(numbers + channel) : vector::load_some(numbers + channel, some);
}

/// The mean first, so that large ones cancel nothing.
template <int together>
void normalise_together(const PixelNorm& norm) {
  const auto channels = static_cast<float>(norm.channels);
  const auto mean_of = [channels](Vector sums) {
    return vector::folded(sums, [](float a, float b) { return a + b; }) / channels;
  };
  float means[together] = {}, factors[together];
  Vector sums[together] = {}, squares[together] = {};
  for_each_vector(norm, means, [&](Vector x, int64_t, int64_t, int r) { sums[r] += x; });
  for (int r = 0; r < together; ++r) means[r] = mean_of(sums[r]);
  for_each_vector(norm, means,
                  [&](Vector x, int64_t, int64_t, int r) { squares[r] += (x - means[r]) * (x - means[r]); });
  for (int r = 0; r < together; ++r) factors[r] = 1 / __builtin_sqrtf(mean_of(squares[r]) + norm.epsilon);
  for_each_vector(norm, means, [&](Vector x, int64_t channel, int64_t offset, int r) {
    const Vector scale = numbers_of(norm.scale, channel, norm.channels);
    const Vector bias = numbers_of(norm.bias, channel, norm.channels);
    store(norm.out + offset + r * kBlock, (x - means[r]) * factors[r] * scale + bias);
  });
}

void normalise(const PixelNorm& norm) {
  constexpr int kTogether = 4;
  PixelNorm pixels = norm;
  int64_t pixel = 0;
  const auto step = [&](int64_t count) {
    pixel += count;
    pixels.in += count * kBlock;
    pixels.out += count * kBlock;
  };
  for (; pixel + kTogether <= norm.pixels; step(kTogether)) normalise_together<kTogether>(pixels);
  for (; pixel < norm.pixels; step(1)) normalise_together<1>(pixels);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
