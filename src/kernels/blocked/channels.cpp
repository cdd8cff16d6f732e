#include "kernels/blocked/channels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kernels/blocked/block.h"

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kPixelsTogether = 128;  ///< whose lines stay in a first-level cache between pieces

using CopyLanes = void (*)(const float* from, float* to, int64_t pixels);

/// So many lanes of each pixel.
template <size_t count>
void copy_lanes(const float* from, float* to, int64_t pixels) {
  for (int64_t pixel = 0; pixel < pixels; ++pixel, from += kBlock, to += kBlock)
    std::memcpy(to, from, count * sizeof(float));
}

template <size_t... counts>
constexpr std::array<CopyLanes, sizeof...(counts)> copies_of(std::index_sequence<counts...>) {
  return {copy_lanes<counts>...};
}

constexpr auto kCopyLanes = copies_of(std::make_index_sequence<kBlock + 1>());

void clear_lanes(float* to, int64_t first, int64_t pixels) {
  for (int64_t pixel = 0; pixel < pixels; ++pixel)
    std::fill(to + pixel * kBlock + first, to + (pixel + 1) * kBlock, 0.0F);
}

std::vector<int64_t> blocks_of_each(std::vector<int64_t> channels) {
  std::ranges::transform(channels, channels.begin(), blocks_of);
  return channels;
}

}  // namespace

ChannelMoves::ChannelMoves(const Channels& channels, std::span<const ChannelRange> ranges)
    : in_blocks_(blocks_of_each(channels.in)), out_blocks_(blocks_of_each(channels.out)) {
  std::vector<size_t> first_blocks;
  for (size_t out = 0; out < out_blocks_.size(); ++out) {
    first_blocks.push_back(blocks_.size());
    for (int64_t block = 0; block < out_blocks_[out]; ++block) blocks_.push_back({out, block, {}});
  }
  for (const ChannelRange& range : ranges)
    for (int64_t done = 0; done < range.count;) {
      const int64_t in = range.first_in + done, out = range.first_out + done;
      Piece piece{
          .in = range.in, .in_block = in / kBlock, .in_lane = in % kBlock, .lane = out % kBlock, .count = 0};
      piece.count = std::min({range.count - done, kBlock - piece.in_lane, kBlock - piece.lane});
      blocks_[first_blocks[range.out] + static_cast<size_t>(out / kBlock)].pieces.push_back(piece);
      done += piece.count;
    }
}

void ChannelMoves::run(int64_t batch, int64_t pixels, std::span<const float* const> in,
                       std::span<float* const> out, ThreadPool& pool) const {
  const auto blocks = static_cast<int64_t>(blocks_.size());
  pool.parallel_for(batch * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const Block& block = blocks_[static_cast<size_t>(task % blocks)];
      const int64_t image = task / blocks;
      float* const to = out[block.out] + (image * out_blocks_[block.out] + block.block) * pixels * kBlock;
      for (int64_t first = 0; first < pixels; first += kPixelsTogether) {
        const int64_t together = std::min(kPixelsTogether, pixels - first);
        int64_t lanes = 0;
        for (const Piece& piece : block.pieces) {
          const int64_t from = (image * in_blocks_[piece.in] + piece.in_block) * pixels + first;
          kCopyLanes[static_cast<size_t>(piece.count)](in[piece.in] + from * kBlock + piece.in_lane,
                                                       to + first * kBlock + piece.lane, together);
          lanes += piece.count;
        }
        if (lanes < kBlock) clear_lanes(to + first * kBlock, lanes, together);
      }
    }
  });
}

}  // namespace ridgeline::kernels::blocked
