#include "kernels/winograd/lines.h"

#include "kernels/winograd/blocked.h"
#include "kernels/winograd/convolution.h"

namespace ridgeline::kernels::winograd {
namespace {

using lines::kChannels;
using lines::Line;

const uint16_t* numbers_of(const void* image) { return static_cast<const Line*>(image)->numbers; }

/// Images in lines.
class LineForm {
 public:
  LineForm(const LineTileKernels& kernels, const ConvDesc& desc, const lines::LineConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args) {}

  void read_inputs(int64_t step, Tiles tiles, const Planes& in) const {
    const int64_t channels = desc_.in_channels;
    kernels_.read_inputs(images(desc_.window.in, step, channels, channels), numbers_of(args_.in), tiles, in);
  }

  void write_results(int64_t tile, const ChannelRange& channels, Tiles tiles, const Planes& out) const {
    const Images to = images(desc_.window.out, tile, channels.count, desc_.out_channels);
    const int64_t at = to.channel_at(channels.first);
    blocked::Finish finish(desc_);
    if (desc_.has_bias) finish.bias = args_.bias + channels.first;
    const uint16_t* const residual = desc_.has_residual ? numbers_of(args_.residual) + at : nullptr;
    kernels_.write_results(to, out, tiles, args_.out->numbers + at, {finish, residual});
  }

 private:
  /// `channels` of images that have `all_channels`.
  Images images(const Size3& size, int64_t tile, int64_t channels, int64_t all_channels) const {
    const int64_t plane = size[1] * size[2] * kChannels;
    return {.height = size[1],
            .width = size[2],
            .channels = channels,
            .tile = tile,
            .image = lines::blocks_of(all_channels) * plane,
            .pixel = kChannels,
            .block = plane,
            .dilation = desc_.window.dilation[2],
            .block_channels = kChannels};
  }

  const LineTileKernels& kernels_;
  const ConvDesc& desc_;
  const lines::LineConvArgs& args_;
};

}  // namespace

Status accepts_lines(const LineKernels& kernels, const lines::LineConvDesc& desc, const Rates& rates) {
  if (desc.numbers != lines::Numbers::kBf16) return unsupported("takes single numbers");
  RETURN_IF_ERROR(accepts_shape(kernels.blocked, desc.conv));
  if (lines::takes_planes(desc)) return unsupported("takes no planes");
  if (!desc.conv.sums_to.is_none() || !desc.conv.results_to.is_none())
    return unsupported("rounds to no steps");
  const double own_us = Schedule(kernels.blocked, desc.conv).estimated_us(rates);
  if (const double dots_us = estimated_sums_us(kernels.blocked, desc.conv, kBf16Sums, rates);
      dots_us < own_us)
    return unsupported("dot products should take {:.0f} us instead of {:.0f}", dots_us, own_us);
  return {};
}

void lines_conv(const LineKernels& kernels, const lines::LineConvDesc& desc, const lines::LineConvArgs& args,
                ThreadPool& pool) {
  Convolution(kernels.blocked, desc.conv, LineForm(kernels.lines, desc.conv, args), args.weights,
              args.scratch)
      .run(pool);
}

}  // namespace ridgeline::kernels::winograd
