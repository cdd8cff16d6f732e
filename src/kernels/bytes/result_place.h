#pragma once

#include <algorithm>

#include "kernels/blocked/block.h"
#include "kernels/bytes/conv.h"
#include "kernels/bytes/results.h"

namespace ridgeline::kernels::bytes {

/// The scales and shifts of the channels from `first` on, with zeros past the last.
template <int64_t channels>
struct PaddedScales {
  PaddedScales(const QuantizedConvDesc& desc, const QuantizedConvArgs& args, int64_t first) {
    const int64_t count = std::clamp<int64_t>(desc.conv.out_channels - first, 0, channels);
    std::copy_n(args.scale + first, count, scale);
    std::copy_n(args.shift + first, count, shift);
  }

  alignas(64) float scale[channels] = {};
  alignas(64) float shift[channels] = {};
};

/// Results of channels from `first` on, from pixel `pixel` of an image on.
struct ResultPlace {
  int64_t image, first, pixel;
};
inline Results results_at(const QuantizedConvDesc& desc, const QuantizedConvArgs& args,
                          const ResultPlace& place) {
  using blocked::kBlock;
  const int64_t plane = volume(desc.conv.window.out), channels = desc.conv.out_channels;
  const int64_t line = (place.image * blocks_of(channels) + place.first / kChannels) * plane + place.pixel;
  const int64_t at = line * kLineBytes + place.first % kChannels;
  Results results{
      .residual = desc.conv.has_residual ? static_cast<const uint8_t*>(args.residual) + at : nullptr,
      .finish = desc.finish};
  results.finish.zero = from_lowest(desc.out, desc.finish.zero);
  if (desc.out != DType::kF32) {
    results.out = static_cast<uint8_t*>(args.out) + at;
    return results;
  }
  const int64_t blocks = blocked::blocks_of(channels), block = place.first / kBlock;
  results.blocks =
      static_cast<float*>(args.out) + ((place.image * blocks + block) * plane + place.pixel) * kBlock;
  results.block_count = blocks - block;
  results.block_floats = plane * kBlock;
  return results;
}

}  // namespace ridgeline::kernels::bytes
