#include "kernels/winograd/blocked.h"

#include <algorithm>
#include <array>

namespace ridgeline::kernels::winograd {
namespace {

using blocked::blocks_of;
using blocked::kBlock;

constexpr int64_t kMostBlocks = 256;
constexpr int64_t kTilesToShare = 8;  ///< whose inputs are transformed at a time where threads share them

struct PanelRange {
  int64_t begin = 0;
  int64_t end = 0;
};

class Convolution {
 public:
  Convolution(const BlockedKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args), schedule_(kernels, desc) {
    for (int64_t block = 0; block < schedule_.in_blocks; ++block)
      offsets_[static_cast<size_t>(block)] = block * schedule_.chunk * kBlock;
  }

  void run(ThreadPool& pool) const {
    if (!schedule_.shares_inputs) return run_chunks(pool);
    for (int64_t chunk = 0; chunk < schedule_.chunks; ++chunk) run_shared(chunk, pool);
  }

 private:
  void run_chunks(ThreadPool& pool) const {
    pool.parallel_for(schedule_.chunks * schedule_.parts, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t task = begin; task < end; ++task) {
        const Tiles tiles = tiles_of(task / schedule_.parts);
        float* const memory = thread_memory(thread);
        const Planes in = in_planes(memory), out = out_planes(memory + schedule_.in_floats());
        read_inputs(tiles, in);
        const PanelRange part = part_at(task % schedule_.parts);
        for (int64_t panel = part.begin; panel < part.end; ++panel)
          compute({panel, panel + 1}, tiles, in, out);
      }
    });
  }

  void run_shared(int64_t chunk, ThreadPool& pool) const {
    const Tiles tiles = tiles_of(chunk);
    const Planes in =
        in_planes(static_cast<float*>(args_.scratch) + schedule_.threads * schedule_.thread_floats());
    pool.parallel_for(tiles.end - tiles.begin, kTilesToShare, [&](int64_t begin, int64_t end) {
      Planes own = in;
      own.data += begin * kBlock;
      read_inputs({tiles.begin + begin, tiles.begin + end}, own);
    });
    pool.parallel_for(schedule_.parts, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t part = begin; part < end; ++part)
        compute(part_at(part), tiles, in, out_planes(thread_memory(thread)));
    });
  }

  Tiles tiles_of(int64_t chunk) const {
    return {.begin = chunk * schedule_.chunk,
            .end = std::min(schedule_.tiles, (chunk + 1) * schedule_.chunk)};
  }

  PanelRange part_at(int64_t part) const {
    return {schedule_.panels * part / schedule_.parts, schedule_.panels * (part + 1) / schedule_.parts};
  }

  float* thread_memory(int thread) const {
    return static_cast<float*>(args_.scratch) + thread * schedule_.thread_floats();
  }

  Planes in_planes(float* memory) const { return planes(memory, schedule_.in_plane()); }
  Planes out_planes(float* memory) const { return planes(memory, schedule_.out_plane()); }
  Planes planes(float* memory, int64_t plane) const {
    return {.data = memory, .plane = plane, .row = kBlock, .block = schedule_.chunk * kBlock};
  }

  /// `channels` of images that have `all_channels`.
  Images images(const Size3& size, int64_t tile, int64_t channels, int64_t all_channels) const {
    const int64_t plane = size[1] * size[2] * kBlock;
    return {.height = size[1],
            .width = size[2],
            .channels = channels,
            .tile = tile,
            .image = blocks_of(all_channels) * plane,
            .pixel = kBlock,
            .block = plane,
            .dilation = desc_.window.dilation[2]};
  }

  void read_inputs(Tiles tiles, const Planes& in) const {
    const int64_t channels = desc_.in_channels, step = schedule_.tile * kernels_.tiles.stride;
    kernels_.tiles.read_inputs(images(desc_.window.in, step, channels, channels), args_.in, tiles, in);
  }

  void compute(const PanelRange& panels, Tiles tiles, const Planes& in, const Planes& out) const {
    const int64_t channels = kernels_.panels.blocks * kBlock;
    const int64_t point_floats = desc_.in_channels * channels;
    const auto weights = [&](int64_t point, int64_t panel) {
      return static_cast<const float*>(args_.weights) + (panel * schedule_.points + point) * point_floats;
    };
    for (int64_t point = 0; point < schedule_.points; ++point)
      for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
        const bool is_last = panel + 1 == panels.end;
        kernels_.panels.multiply(
            {.positions = tiles.end - tiles.begin,
             .blocks = kernels_.panels.blocks,
             .a = in.data + point * in.plane,
             .offsets = offsets_.data(),
             .count = schedule_.in_blocks,
             .b = weights(point, panel),
             .c = out.data + point * out.plane + (panel - panels.begin) * kernels_.panels.blocks * out.block,
             .c_block = out.block,
             .ahead = is_last ? weights(point + 1, panels.begin) : weights(point, panel + 1),
             .ahead_floats = point_floats});
      }
    write_results(panels, tiles, out);
  }

  void write_results(const PanelRange& panels, Tiles tiles, const Planes& out) const {
    const int64_t channels = kernels_.panels.blocks * kBlock, first = panels.begin * channels;
    const Images to =
        images(desc_.window.out, schedule_.tile, (panels.end - panels.begin) * channels, desc_.out_channels);
    const int64_t at = first / kBlock * to.block;
    blocked::Finish finish(desc_);
    if (desc_.has_bias) finish.bias = args_.bias + first;
    if (desc_.has_residual) finish.residual = args_.residual + at;
    kernels_.tiles.write_results(to, out, tiles, args_.out + at, &finish);
  }

  const BlockedKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
  Schedule schedule_;
  std::array<int64_t, kMostBlocks> offsets_;
};

Status accepts_geometry(const ConvDesc& desc, int64_t stride) {
  const Window& w = desc.window;
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  RETURN_IF_ERROR(has_no_factor_nor_means(desc));
  if (desc.groups != 1) return unsupported("takes no groups");
  const Size3 out{w.in[0], ceil_div(w.in[1], stride), ceil_div(w.in[2], stride)};
  const int64_t dilation = stride == 1 ? w.dilation[2] : 1;
  const bool is_3x3 = w.kernel == Size3{1, 3, 3} && w.stride == Size3{1, stride, stride} &&
                      w.dilation == Size3{1, dilation, dilation} && w.pad == Size3{0, dilation, dilation} &&
                      w.out == out;
  return is_3x3 ? Status() : unsupported("takes 3 x 3 with stride {} and padding as dilation", stride);
}

}  // namespace

Status accepts_blocked(const BlockedKernels& kernels, const BlockedKernels& other, const ConvDesc& desc) {
  RETURN_IF_ERROR(accepts_geometry(desc, kernels.tiles.stride));
  const int64_t panel = kernels.panels.blocks * kBlock;
  if (desc.in_channels % kBlock != 0 || desc.out_channels % panel != 0)
    return unsupported("needs multiples of {} channels in and {} out", kBlock, panel);
  if (blocks_of(desc.in_channels) > kMostBlocks)
    return unsupported("takes {} channels at most", kMostBlocks * kBlock);
  const bool lies_apart = desc.window.dilation[2] > 1;
  if (lies_apart && kernels.tiles.tile < other.tiles.tile) return unsupported("takes no dilations");
  const double own_us = Schedule(kernels, desc).estimated_us();
  const double other_us = Schedule(other, desc).estimated_us();
  if (!lies_apart && other_us < own_us)
    return unsupported("tiles of {} x {} should take {:.0f} us instead of {:.0f}", other.tiles.tile,
                       other.tiles.tile, other_us, own_us);
  if (const double sums_us = estimated_sums_us(kernels, desc); sums_us < own_us)
    return unsupported("sums of products should take {:.0f} us instead of {:.0f}", sums_us, own_us);
  return {};
}

size_t packed_blocked_bytes(const BlockedKernels& kernels, const ConvDesc& desc) {
  return static_cast<size_t>(kernels.tiles.points * desc.in_channels * desc.out_channels) * sizeof(float);
}

/// [panel][point][in_channels][lane of the panel].
void pack_blocked(const BlockedKernels& kernels, const ConvDesc& desc, const float* weights, void* packed) {
  const WeightMatrix matrix{
      .data = weights, .row_step = kTaps, .column_step = kTaps * desc.in_channels, .tap_step = 1};
  const int64_t lanes = kernels.tiles.panel, plane = desc.in_channels * lanes;
  auto* to = static_cast<float*>(packed);
  for (int64_t column = 0; column < desc.out_channels; column += lanes) {
    kernels.tiles.read_weights(matrix, desc.in_channels, column, to, plane);
    to += kernels.tiles.points * plane;
  }
}

size_t blocked_scratch_bytes(const BlockedKernels& kernels, const ConvDesc& desc) {
  return static_cast<size_t>(Schedule(kernels, desc).scratch_floats()) * sizeof(float);
}

void blocked_conv(const BlockedKernels& kernels, const ConvDesc& desc, const ConvArgs& args,
                  ThreadPool& pool) {
  Convolution(kernels, desc, args).run(pool);
}

}  // namespace ridgeline::kernels::winograd
