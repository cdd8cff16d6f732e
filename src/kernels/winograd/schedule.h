#pragma once

#include "base/cpu_features.h"
#include "kernels/conv.h"
#include "kernels/winograd/tile_kernels.h"

namespace ridgeline::kernels::winograd {

/// The products are those of a panel of blocks, the transforms the tiles'.
struct BlockedKernels {
  const TileKernels& tiles;
  const blocked::PanelKernels& panels;
};

/// What one thread of a CPU does in a microsecond.
struct Rates {
  double block_flops;  ///< of products, in each block of a panel's output channels
  double bytes;        ///< fetched from the third-level cache and memory
  double transforms;   ///< of a tile's point in a block of channels
};
/// Those of Zen 5 where BF16's dot products come without AMX, else those of Sapphire Rapids.
const Rates& rates_of(const CpuFeatures& cpu);

/// In which order a convolution on blocked images is computed: which tiles together, and who computes what.
/// Either each thread takes a chunk of tiles through all three steps, so that what lies between stays in its
/// second-level cache; or, where weights are so many that fetching them for each chunk is what takes time,
/// all threads share the transformed inputs of a chunk and each computes its part of the output's channels.
struct Schedule {
  Schedule(const BlockedKernels& kernels, const ConvDesc& desc);

  /// Lines of kBlock floats from a point to the next are odd in number, so that a tile's points don't meet in
  /// the same sets of the first-level cache.
  int64_t in_plane() const { return (in_blocks * chunk | 1) * blocked::kBlock; }
  int64_t out_plane() const { return (out_blocks_together * chunk | 1) * blocked::kBlock; }
  int64_t out_floats() const { return points * out_plane(); }
  int64_t in_floats() const { return points * in_plane(); }
  /// One thread's, or with shared inputs what it has beside them.
  int64_t thread_floats() const { return out_floats() + (shares_inputs ? 0 : in_floats()); }
  int64_t scratch_floats() const { return threads * thread_floats() + (shares_inputs ? in_floats() : 0); }

  /// Of the whole convolution.
  double estimated_us(const Rates& rates) const;

  int64_t tile = 0;
  int64_t points = 0;
  int64_t threads = 1;
  int64_t in_blocks = 0;
  int64_t panels = 0;
  int64_t tiles = 0;
  bool shares_inputs = false;
  int64_t chunk = 0;  ///< tiles
  int64_t chunks = 0;
  int64_t parts = 1;                ///< of the panels; without shared inputs, each transforms them anew
  int64_t out_blocks_together = 0;  ///< of a part whose products are made at a time

 private:
  int64_t most_tiles() const;
  void cut(int64_t most_tiles);
  int64_t weight_bytes() const;
  int64_t input_bytes() const;
  /// What is fetched from beyond a thread's own caches, all threads together.
  int64_t bytes_fetched() const;

  int64_t panel_blocks_ = 0;
  double slowdown_ = 1;
};

/// How sums of products are computed: so many times as fast as FP32's, from weights of so many bytes.
struct Sums {
  double speed;
  int64_t weight_bytes;
};
constexpr Sums kFloatSums{1, 4}, kBf16Sums{2, 2}, kByteSums{3.7, 1};

/// The same of a convolution of this shape as sums of products: a direct one, or where taps lie apart a
/// dilated one.
double estimated_sums_us(const BlockedKernels& kernels, const ConvDesc& desc, const Sums& sums,
                         const Rates& rates);

}  // namespace ridgeline::kernels::winograd
