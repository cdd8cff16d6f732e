#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"

namespace ridgeline::vision {

/// A generator of its own for each use: the same (seed, epoch, stream) gives the same numbers, different ones
/// unrelated numbers.
Rng random_stream(uint64_t seed, int64_t epoch, uint64_t stream);

/// Which samples one rank sees in one epoch, and in what order.
struct ShardConfig {
  int64_t samples = 0;
  bool shuffle = false;
  bool even = false;  ///< repeat samples from the order's start until all ranks have equally many
  uint64_t seed = 0;
  int rank = 0;
  int world_size = 1;
};

/// How many samples this rank has in any epoch.
int64_t shard_size(const ShardConfig& config);

/// Indices of the rank's samples: places rank, rank + world_size, … of the epoch's order (Fisher and Yates).
std::vector<int64_t> shard_order(const ShardConfig& config, int64_t epoch);

}  // namespace ridgeline::vision
