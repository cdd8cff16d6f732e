// Included by one file per instruction set, which sets kernels::vector::kLanes. Everything is local to that
// file.

#include <cstring>

#include "kernels/pixels/pixel_image.h"
#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::pixels {
namespace {

using vector::kLanes;
using vector::Vector;

constexpr int64_t kTogether = 16;
using Sixteen = uint8_t __attribute__((vector_size(kTogether)));

inline Sixteen load_sixteen(const uint8_t* at) {
  Sixteen bytes;
  std::memcpy(&bytes, at, sizeof(bytes));
  return bytes;
}

/// Of pixels of three channels, each channel's levels.
inline void part_channels(const uint8_t* from, uint8_t (&levels)[3][kTogether]) {
  const Sixteen a = load_sixteen(from), b = load_sixteen(from + 16), c = load_sixteen(from + 32);
  const Sixteen of[3] = {
      __builtin_shufflevector(
          __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0), c, 0, 1, 2, 3,
          4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29),
      __builtin_shufflevector(
          __builtin_shufflevector(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0), c, 0, 1, 2,
          3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30),
      __builtin_shufflevector(
          __builtin_shufflevector(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0), c, 0, 1, 2, 3,
          4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31)};
  std::memcpy(levels, of, sizeof(of));
}

inline void store_values(const uint8_t* levels, const Channel& channel, float* to) {
  for (int64_t i = 0; i < kTogether; i += kLanes)
    vector::store(
        to + i,
        __builtin_convertvector(vector::load_bytes_wide(levels + i), Vector) * channel.scale + channel.shift);
}

inline void read_some(const PixelImage& image, const PixelRun<float>& run, int64_t first) {
  for (int64_t c = 0; c < image.channels; ++c) {
    const Channel& channel = image.of[static_cast<size_t>(c)];
    const uint8_t* const from = run.from + channel.offset;
    float* const to = run.to + c * run.plane;
    for (int64_t i = first; i < run.count; ++i)
      to[i] = static_cast<float>(from[i * image.pixel_bytes]) * channel.scale + channel.shift;
  }
}

void to_floats(const PixelImage& image, const PixelRun<float>& run) {
  int64_t first = 0;
  for (; image.pixel_bytes == 3 && first + kTogether <= run.count; first += kTogether) {
    uint8_t levels[3][kTogether];
    part_channels(run.from + first * 3, levels);
    for (int64_t c = 0; c < image.channels; ++c) {
      const Channel& channel = image.of[static_cast<size_t>(c)];
      store_values(levels[channel.offset], channel, run.to + c * run.plane + first);
    }
  }
  for (; image.pixel_bytes == 1 && first + kTogether <= run.count; first += kTogether)
    for (int64_t c = 0; c < image.channels; ++c) {
      const Channel& channel = image.of[static_cast<size_t>(c)];
      store_values(run.from + channel.offset + first, channel, run.to + c * run.plane + first);
    }
  read_some(image, run, first);
}

}  // namespace
}  // namespace ridgeline::kernels::pixels
