#pragma once

#include <algorithm>

#include "kernels/winograd/conv3x3.h"
#include "kernels/winograd/tile_kernels.h"

namespace ridgeline::kernels::winograd {

/// Tiles that are transformed, multiplied and transformed back together: enough that weights are read seldom,
/// few enough that most of what lies between stays in caches.
constexpr int64_t kChunk = 196;
/// Between the rows of a plane, so that rows of 2^n channels don't meet in the same sets of the L1 cache.
constexpr int64_t kRowGap = 16;

/// How one call uses its means: a chunk's transformed tiles of either side.
class Workspace {
 public:
  Workspace(const Conv3x3& conv, const Means& means) : conv_(conv), means_(means) {
    in = planes(means.scratch, conv.in_channels);
    out = planes(in.data + kLargePoints * in.plane, conv.out_channels);
  }

  static size_t floats(const Conv3x3& conv) {
    const int64_t row = conv.in_channels + conv.out_channels + 2 * kRowGap;
    return static_cast<size_t>(kLargePoints * kChunk * row);
  }

  Images images(int64_t channels) const {
    return {.height = conv_.height,
            .width = conv_.width,
            .channels = channels,
            .image = conv_.height * conv_.width * channels,
            .pixel = channels,
            .block = blocked::kBlock};
  }

  /// body(tiles) for each chunk.
  template <typename Body>
  void for_each_chunk(const Body& body) const {
    const int64_t tiles = conv_.batch * images(0).tiles_per_image();
    for (int64_t begin = 0; begin < tiles; begin += kChunk)
      body(Tiles{.begin = begin, .end = std::min(tiles, begin + kChunk)});
  }

  /// body(tiles, their own planes) on all threads, for ranges that cover `chunk`; its first tile is the first
  /// of `planes`.
  template <typename Body>
  void for_tiles(Tiles chunk, const Planes& planes, const Body& body) const {
    means_.parallel(chunk.end - chunk.begin, [&](int64_t begin, int64_t end) {
      Planes own = planes;
      own.data += begin * planes.row;
      body(Tiles{.begin = chunk.begin + begin, .end = chunk.begin + end}, own);
    });
  }

  Planes in;
  Planes out;

 private:
  static Planes planes(float* data, int64_t channels) {
    const int64_t row = channels + kRowGap;
    return {.data = data, .plane = kChunk * row, .row = row, .block = blocked::kBlock};
  }

  const Conv3x3& conv_;
  const Means& means_;
};

}  // namespace ridgeline::kernels::winograd
