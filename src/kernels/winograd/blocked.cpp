#include "kernels/winograd/blocked.h"

#include "kernels/winograd/convolution.h"

namespace ridgeline::kernels::winograd {
namespace {

using blocked::blocks_of;
using blocked::kBlock;

/// Images in FP32 blocks.
class BlockForm {
 public:
  BlockForm(const TileKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args) {}

  void read_inputs(int64_t step, Tiles tiles, const Planes& in) const {
    const int64_t channels = desc_.in_channels;
    kernels_.read_inputs(images(desc_.window.in, step, channels, channels), args_.in, tiles, in);
  }

  void write_results(int64_t tile, const ChannelRange& channels, Tiles tiles, const Planes& out) const {
    const Images to = images(desc_.window.out, tile, channels.count, desc_.out_channels);
    const int64_t at = to.channel_at(channels.first);
    blocked::Finish finish(desc_);
    if (desc_.has_bias) finish.bias = args_.bias + channels.first;
    if (desc_.has_residual) finish.residual = args_.residual + at;
    kernels_.write_results(to, out, tiles, args_.out + at, &finish);
  }

 private:
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

  const TileKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
};

}  // namespace

Status accepts_shape(const BlockedKernels& kernels, const ConvDesc& desc) {
  const Window& w = desc.window;
  const int64_t stride = kernels.tiles.stride;
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  RETURN_IF_ERROR(has_no_factor_nor_means(desc));
  if (desc.groups != 1) return unsupported("takes no groups");
  const Size3 out{w.in[0], ceil_div(w.in[1], stride), ceil_div(w.in[2], stride)};
  const int64_t dilation = stride == 1 ? w.dilation[2] : 1;
  const bool is_3x3 = w.kernel == Size3{1, 3, 3} && w.stride == Size3{1, stride, stride} &&
                      w.dilation == Size3{1, dilation, dilation} && w.pad == Size3{0, dilation, dilation} &&
                      w.out == out;
  if (!is_3x3) return unsupported("takes 3 x 3 with stride {} and padding as dilation", stride);
  const int64_t panel = kernels.panels.blocks * kBlock;
  if (desc.in_channels % kBlock != 0 || desc.out_channels % panel != 0)
    return unsupported("needs multiples of {} channels in and {} out", kBlock, panel);
  if (blocks_of(desc.in_channels) > kMostBlocks)
    return unsupported("takes {} channels at most", kMostBlocks * kBlock);
  return {};
}

Status accepts_blocked(const BlockedKernels& kernels, const BlockedKernels& other, const ConvDesc& desc,
                       const Rates& rates) {
  RETURN_IF_ERROR(accepts_shape(kernels, desc));
  const bool lies_apart = desc.window.dilation[2] > 1;
  if (lies_apart && kernels.tiles.tile < other.tiles.tile) return unsupported("takes no dilations");
  const double own_us = Schedule(kernels, desc).estimated_us(rates);
  const double other_us = Schedule(other, desc).estimated_us(rates);
  if (!lies_apart && other_us < own_us)
    return unsupported("tiles of {} x {} should take {:.0f} us instead of {:.0f}", other.tiles.tile,
                       other.tiles.tile, other_us, own_us);
  if (const double sums_us = estimated_sums_us(kernels, desc, kFloatSums, rates); sums_us < own_us)
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
  Convolution(kernels, desc, BlockForm(kernels.tiles, desc, args), args.weights, args.scratch).run(pool);
}

}  // namespace ridgeline::kernels::winograd
