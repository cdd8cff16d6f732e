#include "kernels/blocked/turn.h"

#include <algorithm>

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kPixelsTogether = 64;  ///< so that both sides stay in the first-level cache

/// body(first channel's plane, the block, lanes that are channels, first pixel, end) for parts of all blocks.
template <typename Body>
void for_each_part(const TurnDesc& desc, ThreadPool& pool, const Body& body) {
  const int64_t blocks = blocks_of(desc.channels), parts = ceil_div(desc.plane, kPixelsTogether);
  const int64_t count = desc.batch * blocks * parts;
  pool.parallel_for(count, ceil_div(count, 4 * pool.threads()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % parts * kPixelsTogether, image_block = i / parts;
      const int64_t image = image_block / blocks, channel = image_block % blocks * kBlock;
      body((image * desc.channels + channel) * desc.plane, image_block * desc.plane * kBlock,
           std::min(kBlock, desc.channels - channel), first, std::min(desc.plane, first + kPixelsTogether));
    }
  });
}

}  // namespace

void to_blocks(const TurnDesc& desc, const float* planes, float* blocks, ThreadPool& pool) {
  for_each_part(desc, pool, [&](int64_t plane, int64_t block, int64_t lanes, int64_t first, int64_t end) {
    for (int64_t pixel = first; pixel < end; ++pixel) {
      float* const to = blocks + block + pixel * kBlock;
      for (int64_t lane = 0; lane < lanes; ++lane) to[lane] = planes[plane + lane * desc.plane + pixel];
      std::fill(to + lanes, to + kBlock, 0.0F);
    }
  });
}

void to_planes(const TurnDesc& desc, const float* blocks, float* planes, ThreadPool& pool) {
  for_each_part(desc, pool, [&](int64_t plane, int64_t block, int64_t lanes, int64_t first, int64_t end) {
    for (int64_t lane = 0; lane < lanes; ++lane)
      for (int64_t pixel = first; pixel < end; ++pixel)
        planes[plane + lane * desc.plane + pixel] = blocks[block + pixel * kBlock + lane];
  });
}

}  // namespace ridgeline::kernels::blocked
