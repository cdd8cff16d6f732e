#include "kernels/winograd/byte_lines.h"

#include <algorithm>

#include "kernels/bytes/result_place.h"
#include "kernels/winograd/blocked.h"
#include "kernels/winograd/convolution.h"
#include "kernels/winograd/whole_tile.h"

namespace ridgeline::kernels::winograd {
namespace {

using bytes::kChannels;
using quantized::QuantizedConvArgs;
using quantized::QuantizedConvDesc;

constexpr int64_t kPoints = WholeTile::kIn * WholeTile::kIn;

constexpr TileKernels kTiles{.tile = WholeTile::kOut, .points = kPoints};

BlockedKernels cells(const ByteTileKernels& kernels) { return {kTiles, kernels.panels}; }

/// The convolution of cells, as many as FP32's channels would be.
ConvDesc of_cells(const QuantizedConvDesc& desc) {
  ConvDesc conv = desc.conv;
  conv.in_channels /= kCellChannels;
  return conv;
}

/// Images in lines of bytes.
class ByteLineForm {
 public:
  ByteLineForm(const ByteTileKernels& kernels, const QuantizedConvDesc& desc, const QuantizedConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args), zero_(bytes::from_lowest(desc.in, desc.in_zero)) {}

  void read_inputs(int64_t step, Tiles tiles, const Planes& in) const {
    const int64_t channels = desc_.conv.in_channels;
    kernels_.read_inputs(images(desc_.conv.window.in, step, channels, channels),
                         static_cast<const uint8_t*>(args_.in), zero_, tiles, in);
  }

  /// A range may begin within a line and end in another.
  void write_results(int64_t tile, const ChannelRange& channels, Tiles tiles, const Planes& out) const {
    Planes rest = out;
    const int64_t end = channels.first + channels.count;
    for (int64_t first = channels.first; first < end;) {
      const bool is_at_line = first % kChannels == 0;
      const int64_t count = is_at_line ? end - first : std::min(end - first, kChannels - first % kChannels);
      write_channels(tile, {first, count}, tiles, rest);
      rest.data += rest.channel_at(count);
      first += count;
    }
  }

 private:
  void write_channels(int64_t tile, const ChannelRange& channels, Tiles tiles, const Planes& out) const {
    bytes::Results results =
        bytes::results_at(desc_, args_, {.image = 0, .first = channels.first, .pixel = 0});
    results.scale = args_.scale + channels.first;
    results.shift = args_.shift + channels.first;
    kernels_.write_results(images(desc_.conv.window.out, tile, channels.count, desc_.conv.out_channels), out,
                           tiles, results);
  }

  /// `channels` of images that have `all_channels`.
  static Images images(const Size3& size, int64_t tile, int64_t channels, int64_t all_channels) {
    const int64_t plane = size[1] * size[2] * kChannels;
    return {.height = size[1],
            .width = size[2],
            .channels = channels,
            .tile = tile,
            .image = bytes::blocks_of(all_channels) * plane,
            .pixel = kChannels,
            .block = plane,
            .block_channels = kChannels};
  }

  const ByteTileKernels& kernels_;
  const QuantizedConvDesc& desc_;
  const QuantizedConvArgs& args_;
  int32_t zero_;
};

/// [6][6] of a pair of taps' squares.
void transform_taps(const int8_t* taps, int16_t (&points)[WholeTile::kIn][WholeTile::kIn]) {
  int32_t half[3][WholeTile::kIn];
  for (size_t i = 0; i < 3; ++i)
    WholeTile::read_taps({taps[i * 3], taps[i * 3 + 1], taps[i * 3 + 2]}, half[i]);
  for (size_t j = 0; j < WholeTile::kIn; ++j) {
    int32_t column[WholeTile::kIn];
    WholeTile::read_taps({half[0][j], half[1][j], half[2][j]}, column);
    for (size_t i = 0; i < WholeTile::kIn; ++i) points[i][j] = static_cast<int16_t>(column[i]);
  }
}

}  // namespace

Status accepts_byte_lines(const ByteTileKernels& kernels, const QuantizedConvDesc& desc, const Rates& rates) {
  constexpr int64_t kInputs = kCellChannels * blocked::kBlock;
  if (desc.conv.in_channels % kInputs != 0) return unsupported("needs multiples of {} channels in", kInputs);
  RETURN_IF_ERROR(accepts_shape(cells(kernels), of_cells(desc)));
  if (desc.conv.window.dilation[2] != 1) return unsupported("takes no dilations");
  if (desc.out == DType::kF32) return unsupported("leaves bytes");
  if (desc.largest_sum >= kSumsEnd)
    return unsupported("takes sums below {}, these may reach {}", kSumsEnd, desc.largest_sum);
  const double own_us = Schedule(cells(kernels), of_cells(desc)).estimated_us(rates);
  if (const double dots_us = estimated_sums_us(cells(kernels), desc.conv, kByteSums, rates); dots_us < own_us)
    return unsupported("dot products should take {:.0f} us instead of {:.0f}", dots_us, own_us);
  return {};
}

size_t packed_byte_lines_bytes(const ByteTileKernels& kernels, const QuantizedConvDesc& desc) {
  return packed_blocked_bytes(cells(kernels), of_cells(desc));
}

/// [panel][point][cell of in_channels][lane of the panel][channel of the cell].
void pack_byte_lines(const ByteTileKernels& kernels, const QuantizedConvDesc& desc, const int8_t* weights,
                     void* packed) {
  const int64_t lanes = kernels.panels.blocks * blocked::kBlock, plane = desc.conv.in_channels * lanes;
  auto* const to = static_cast<int16_t*>(packed);
  for (int64_t out = 0; out < desc.conv.out_channels; ++out)
    for (int64_t in = 0; in < desc.conv.in_channels; ++in) {
      int16_t points[WholeTile::kIn][WholeTile::kIn];
      transform_taps(weights + (out * desc.conv.in_channels + in) * kTaps, points);
      const int64_t at = out / lanes * kPoints * plane +
                         (in / kCellChannels * lanes + out % lanes) * kCellChannels + in % kCellChannels;
      for (int64_t point = 0; point < kPoints; ++point)
        to[at + point * plane] = points[point / WholeTile::kIn][point % WholeTile::kIn];
    }
}

size_t byte_lines_scratch_bytes(const ByteTileKernels& kernels, const QuantizedConvDesc& desc) {
  return blocked_scratch_bytes(cells(kernels), of_cells(desc));
}

void byte_lines_conv(const ByteTileKernels& kernels, const QuantizedConvDesc& desc,
                     const QuantizedConvArgs& args, ThreadPool& pool) {
  Convolution(cells(kernels), of_cells(desc), ByteLineForm(kernels, desc, args), args.weights, args.scratch)
      .run(pool);
}

}  // namespace ridgeline::kernels::winograd
