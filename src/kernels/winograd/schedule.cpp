#include "kernels/winograd/schedule.h"

#include <algorithm>

#include "kernels/blocked/dilated.h"

namespace ridgeline::kernels::winograd {
namespace {

using blocked::blocks_of;
using blocked::kBlock;

constexpr int64_t kChunkBytes =
    1200 * 1024;                            ///< of a second-level cache, beside the weights that pass through
constexpr int64_t kMostTiles = 56;          ///< after which weights are as good as free
constexpr int64_t kMostBesideWeights = 28;  ///< where weights stay in the cache that tiles pass through
constexpr int64_t kFewestTogether = 14;     ///< tiles that make weights worth fetching
constexpr int64_t kChunksPerThread = 4;     ///< that let threads share evenly
constexpr int64_t kPartsPerThread = 2;
constexpr int64_t kWeightBytesToKeep = int64_t{1} << 20;  ///< that stay in a second-level cache

constexpr Rates kSapphireRapids{.block_flops = 80e3, .bytes = 11e3, .transforms = 830};
constexpr Rates kZen5{.block_flops = 125e3, .bytes = 20e3, .transforms = 1250};
constexpr double kOfPhases = 1.4;  ///< times as long takes all of it where a tile's pixels lie apart

/// What one thread would multiply in `products_us`, while what is fetched passes behind it.
double of_all_threads(double products_us, double fetch_us, int64_t threads) {
  return std::max(products_us, fetch_us) / static_cast<double>(threads);
}

int64_t floats_to_bytes(int64_t floats) { return floats * static_cast<int64_t>(sizeof(float)); }

}  // namespace

const Rates& rates_of(const CpuFeatures& cpu) {
  return cpu.avx512_bf16 && !cpu.amx_bf16 ? kZen5 : kSapphireRapids;
}

Schedule::Schedule(const BlockedKernels& kernels, const ConvDesc& desc)
    : tile(kernels.tiles.tile),
      points(kernels.tiles.points),
      threads(desc.threads),
      in_blocks(blocks_of(desc.in_channels)),
      panels(blocks_of(desc.out_channels) / kernels.panels.blocks),
      panel_blocks_(kernels.panels.blocks) {
  const Images images{.height = desc.window.out[1],
                      .width = desc.window.out[2],
                      .tile = tile,
                      .dilation = desc.window.dilation[2]};
  tiles = desc.batch * images.tiles_per_image();
  slowdown_ = images.dilation > 1 ? kOfPhases : 1;

  Schedule shared = *this;
  shared.shares_inputs = true;
  shared.parts = std::min(panels, kPartsPerThread * threads);
  shared.out_blocks_together = (panels + shared.parts - 1) / shared.parts * panel_blocks_;
  const int64_t part_tile = floats_to_bytes(points * shared.out_blocks_together * kBlock);
  shared.cut(std::max(kFewestTogether, kChunkBytes / part_tile));

  out_blocks_together = panel_blocks_;
  const int64_t own_tile = floats_to_bytes(points * (in_blocks + out_blocks_together) * kBlock);
  cut(std::clamp(kChunkBytes / own_tile, kFewestTogether, most_tiles()));
  if (chunks < kChunksPerThread * threads)
    while (parts < panels && chunks * parts % threads != 0) ++parts;

  if (shared.bytes_fetched() < bytes_fetched()) *this = shared;
}

/// Of a chunk; where all threads can have enough tiles, none waits for another's chunk or transforms the
/// same.
int64_t Schedule::most_tiles() const {
  const int64_t most = weight_bytes() > kWeightBytesToKeep ? kMostTiles : kMostBesideWeights;
  return tiles < threads * kFewestTogether ? most : std::min(most, ceil_div(tiles, threads));
}

void Schedule::cut(int64_t most_tiles) {
  chunks = ceil_div(tiles, most_tiles);
  if (!shares_inputs && chunks > 1) chunks = ceil_div(chunks, threads) * threads;
  chunk = ceil_div(tiles, std::max<int64_t>(1, chunks));
  chunks = ceil_div(tiles, chunk);  // none is empty
}

int64_t Schedule::weight_bytes() const {
  return floats_to_bytes(points * in_blocks * panels * panel_blocks_ * kBlock * kBlock);
}

int64_t Schedule::input_bytes() const { return floats_to_bytes(points * tiles * in_blocks * kBlock); }

int64_t Schedule::bytes_fetched() const {
  const int64_t weights = weight_bytes() > kWeightBytesToKeep ? chunks * weight_bytes() : 0;
  return weights + (shares_inputs ? (1 + parts) * input_bytes() : 0);
}

double Schedule::estimated_us(const Rates& rates) const {
  const auto products =
      static_cast<double>(2 * points * tiles * in_blocks * panels * panel_blocks_ * kBlock * kBlock);
  const auto transforms = static_cast<double>(points * tiles * (in_blocks + panels * panel_blocks_));
  const double products_us = products / (rates.block_flops * static_cast<double>(panel_blocks_));
  const double fetch_us = static_cast<double>(bytes_fetched()) / rates.bytes;
  return slowdown_ * (of_all_threads(products_us, fetch_us, threads) +
                      transforms / rates.transforms / static_cast<double>(threads));
}

double estimated_sums_us(const BlockedKernels& kernels, const ConvDesc& desc, const Sums& sums,
                         const Rates& rates) {
  const int64_t weight_bytes = kTaps * desc.in_channels * desc.out_channels * sums.weight_bytes;
  const int64_t positions =
      desc.window.dilation[2] > 1 ? blocked::positions_inside(desc.window) : kTaps * volume(desc.window.out);
  const auto products =
      static_cast<double>(2 * desc.batch * positions * desc.in_channels * desc.out_channels);
  const double flops = sums.speed * rates.block_flops * static_cast<double>(kernels.panels.blocks);
  const int64_t fetched = weight_bytes > kWeightBytesToKeep ? weight_bytes : 0;
  return of_all_threads(products / flops, static_cast<double>(fetched) / rates.bytes, desc.threads);
}

}  // namespace ridgeline::kernels::winograd
