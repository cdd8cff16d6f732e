#include "vision/sampler.h"

#include <numeric>
#include <utility>

namespace ridgeline::vision {
namespace {

/// Past every place in an order, from which samples draw their streams.
constexpr uint64_t kOrderStream = ~uint64_t{0};

}  // namespace

Rng random_stream(uint64_t seed, int64_t epoch, uint64_t stream) {
  const uint64_t of_epoch = Rng(Rng(seed).next() ^ static_cast<uint64_t>(epoch)).next();
  return Rng(Rng(of_epoch ^ stream).next());
}

int64_t shard_size(const ShardConfig& config) {
  const int64_t others = config.even ? config.world_size - 1 : config.world_size - 1 - config.rank;
  return (config.samples + others) / config.world_size;
}

std::vector<int64_t> shard_order(const ShardConfig& config, int64_t epoch) {
  std::vector<int64_t> whole(static_cast<size_t>(config.samples));
  std::iota(whole.begin(), whole.end(), int64_t{0});
  if (config.shuffle) {
    Rng random = random_stream(config.seed, epoch, kOrderStream);
    for (size_t i = whole.size(); i > 1; --i) std::swap(whole[i - 1], whole[random.below(i)]);
  }
  std::vector<int64_t> mine(static_cast<size_t>(shard_size(config)));
  for (size_t i = 0; i < mine.size(); ++i)
    mine[i] =
        whole[(i * static_cast<size_t>(config.world_size) + static_cast<size_t>(config.rank)) % whole.size()];
  return mine;
}

}  // namespace ridgeline::vision
