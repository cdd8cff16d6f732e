#include "kernels/winograd/blocked.h"

#include <algorithm>

namespace ridgeline::kernels::winograd {
namespace {

using blocked::blocks_of;
using blocked::kBlock;

/// Below this many tiles the transformed weights, four times the plain ones, take as long to fetch as the
/// products save.
constexpr int64_t kFewestTiles = 16;
constexpr int64_t kMostTiles = 56;       ///< of a chunk
constexpr int64_t kFewestTogether = 14;  ///< tiles that make weights worth fetching
constexpr int64_t kChunkBytes = 1200 * 1024;
constexpr int64_t kMostPanel = 2;  ///< blocks, on any instruction set
constexpr int64_t kMostBlocks = 256;
constexpr int64_t kChunksPerThread = 4;

int64_t tiles_of(const ConvDesc& desc) {
  const Images images{.height = desc.window.in[1], .width = desc.window.in[2]};
  return desc.batch * images.tiles_per_image();
}

/// Lines of kBlock floats from a point to the next: odd, so that a tile's points don't meet in the same sets
/// of the first-level cache.
constexpr int64_t plane_lines(int64_t lines) { return lines | 1; }

/// How tiles are cut into chunks, for which each thread has memory.
struct Chunks {
  explicit Chunks(const ConvDesc& desc)
      : in_blocks(blocks_of(desc.in_channels)), tiles(tiles_of(desc)), threads(desc.threads) {
    const auto bytes_per_tile =
        kPoints * (in_blocks + kMostPanel) * kBlock * static_cast<int64_t>(sizeof(float));
    const int64_t most = std::clamp(kChunkBytes / bytes_per_tile, kFewestTogether, kMostTiles);
    count = ceil_div(tiles, most);
    chunk = ceil_div(tiles, count);
  }

  int64_t in_plane() const { return plane_lines(in_blocks * chunk) * kBlock; }
  int64_t out_plane() const { return plane_lines(kMostPanel * chunk) * kBlock; }
  int64_t thread_floats() const { return kPoints * (in_plane() + out_plane()); }

  int64_t in_blocks;
  int64_t tiles;
  int64_t threads;
  int64_t count = 0;
  int64_t chunk = 0;  ///< tiles
};

class Convolution {
 public:
  Convolution(const BlockedKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels),
        desc_(desc),
        args_(args),
        chunks_(desc),
        panels_(blocks_of(desc.out_channels) / kernels.panels.blocks) {
    for (int64_t block = 0; block < chunks_.in_blocks; ++block)
      offsets_[static_cast<size_t>(block)] = block * chunks_.chunk * kBlock;
    parts_ = part_count();
  }

  void run(ThreadPool& pool) const {
    pool.parallel_for(chunks_.count * parts_, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t task = begin; task < end; ++task) compute(task, thread);
    });
  }

 private:
  /// Chunks too few for the threads to share evenly are computed by parts of the output's channels, each of
  /// which transforms the inputs anew.
  int64_t part_count() const {
    if (chunks_.count >= kChunksPerThread * chunks_.threads) return 1;
    int64_t parts = 1;
    while (parts < panels_ && chunks_.count * parts % chunks_.threads != 0) ++parts;
    return parts;
  }

  Images images(int64_t channels, int64_t all_channels) const {
    const Window& w = desc_.window;
    const int64_t plane = w.in[1] * w.in[2] * kBlock;
    return {.height = w.in[1],
            .width = w.in[2],
            .channels = channels,
            .image = blocks_of(all_channels) * plane,
            .pixel = kBlock,
            .block = plane};
  }

  void compute(int64_t task, int thread) const {
    const int64_t chunk = task / parts_, part = task % parts_;
    const Tiles tiles{.begin = chunk * chunks_.chunk,
                      .end = std::min(chunks_.tiles, (chunk + 1) * chunks_.chunk)};
    float* const memory = static_cast<float*>(args_.scratch) + thread * chunks_.thread_floats();
    const Planes in{
        .data = memory, .plane = chunks_.in_plane(), .row = kBlock, .block = chunks_.chunk * kBlock};
    const Planes out{
        .data = memory + kPoints * in.plane, .plane = chunks_.out_plane(), .row = kBlock, .block = in.block};
    kernels_.tiles.read_inputs(images(desc_.in_channels, desc_.in_channels), args_.in, tiles, in);
    for (int64_t panel = panels_ * part / parts_; panel < panels_ * (part + 1) / parts_; ++panel)
      compute_panel(panel, tiles, in, out);
  }

  void compute_panel(int64_t panel, Tiles tiles, const Planes& in, const Planes& out) const {
    const int64_t channels = kernels_.panels.blocks * kBlock, first = panel * channels;
    const int64_t weights = desc_.in_channels * channels;
    const float* const b = static_cast<const float*>(args_.weights) + panel * kPoints * weights;
    for (int64_t point = 0; point < kPoints; ++point)
      kernels_.panels.multiply({.positions = tiles.end - tiles.begin,
                                .blocks = kernels_.panels.blocks,
                                .a = in.data + point * in.plane,
                                .offsets = offsets_.data(),
                                .count = chunks_.in_blocks,
                                .b = b + point * weights,
                                .c = out.data + point * out.plane,
                                .c_block = out.block,
                                .ahead = b + (point + 1) * weights,
                                .ahead_floats = weights});
    const Images to = images(channels, desc_.out_channels);
    const int64_t at = first / kBlock * to.block;
    blocked::Finish finish(desc_.activation);
    if (desc_.has_bias) finish.bias = args_.bias + first;
    if (desc_.has_residual) finish.residual = args_.residual + at;
    kernels_.tiles.write_results(to, out, tiles, args_.out + at, &finish);
  }

  const BlockedKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
  Chunks chunks_;
  int64_t panels_;
  int64_t parts_ = 1;
  std::array<int64_t, kMostBlocks> offsets_;
};

Status accepts_geometry(const ConvDesc& desc) {
  const Window& w = desc.window;
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  if (desc.groups != 1) return unsupported("takes no groups");
  const bool is_3x3 = w.kernel == Size3{1, 3, 3} && w.stride == Size3{1, 1, 1} &&
                      w.dilation == Size3{1, 1, 1} && w.pad == Size3{0, 1, 1} && w.in == w.out;
  return is_3x3 ? Status() : unsupported("takes 3 x 3 with stride 1 and padding 1");
}

}  // namespace

Status accepts_blocked(const BlockedKernels& kernels, const ConvDesc& desc) {
  RETURN_IF_ERROR(accepts_geometry(desc));
  const int64_t panel = kernels.panels.blocks * kBlock;
  if (desc.in_channels % kBlock != 0 || desc.out_channels % panel != 0)
    return unsupported("needs multiples of {} channels in and {} out", kBlock, panel);
  if (blocks_of(desc.in_channels) > kMostBlocks)
    return unsupported("takes {} channels at most", kMostBlocks * kBlock);
  const Images images{.height = desc.window.in[1], .width = desc.window.in[2]};
  if (images.height * images.width * 2 < images.tiles_per_image() * kOut * kOut)
    return unsupported("of 4 x 4 tiles more than half lies outside of {} x {}", images.height, images.width);
  if (tiles_of(desc) < kFewestTiles) return unsupported("needs {} tiles of 4 x 4 or more", kFewestTiles);
  return {};
}

size_t packed_blocked_bytes(const ConvDesc& desc) {
  return static_cast<size_t>(kPoints * desc.in_channels * desc.out_channels) * sizeof(float);
}

/// [panel][point][in_channels][lane of the panel].
void pack_blocked(const BlockedKernels& kernels, const ConvDesc& desc, const float* weights, void* packed) {
  const WeightMatrix matrix{
      .data = weights, .row_step = kTaps, .column_step = kTaps * desc.in_channels, .tap_step = 1};
  const int64_t lanes = kernels.tiles.panel, plane = desc.in_channels * lanes;
  auto* to = static_cast<float*>(packed);
  for (int64_t column = 0; column < desc.out_channels; column += lanes, to += kPoints * plane)
    kernels.tiles.read_weights(matrix, desc.in_channels, column, to, plane);
}

size_t blocked_scratch_bytes(const ConvDesc& desc) {
  const Chunks chunks(desc);
  return static_cast<size_t>(chunks.threads * chunks.thread_floats()) * sizeof(float);
}

void blocked_conv(const BlockedKernels& kernels, const ConvDesc& desc, const ConvArgs& args,
                  ThreadPool& pool) {
  Convolution(kernels, desc, args).run(pool);
}

}  // namespace ridgeline::kernels::winograd
