#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"

namespace ridgeline::kernels::blocked {

/// `count` channels of image `in` from `first_in` on become those of image `out` from `first_out` on.
struct ChannelRange {
  size_t in = 0, out = 0;
  int64_t first_in = 0, first_out = 0;
  int64_t count = 0;
};

/// Moves channels between blocked images of one batch and one size: Concat, Split and Slice along channels,
/// wherever in their blocks those lie.
class ChannelMoves {
 public:
  /// Channels of each image. The ranges are all that the outputs have.
  struct Channels {
    std::vector<int64_t> in, out;
  };
  ChannelMoves(const Channels& channels, std::span<const ChannelRange> ranges);

  /// `pixels` of an image. Lanes past an output's last channel become zeros.
  void run(int64_t batch, int64_t pixels, std::span<const float* const> in, std::span<float* const> out,
           ThreadPool& pool) const;

 private:
  /// Lanes of a block that come from one other.
  struct Piece {
    size_t in;
    int64_t in_block, in_lane, lane, count;
  };
  struct Block {
    size_t out;
    int64_t block;
    std::vector<Piece> pieces;
  };
  std::vector<int64_t> in_blocks_, out_blocks_;  ///< of each image
  std::vector<Block> blocks_;                    ///< of all outputs
};

}  // namespace ridgeline::kernels::blocked
