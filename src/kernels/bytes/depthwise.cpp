#include "kernels/bytes/depthwise.h"

#include "kernels/bytes/result_place.h"

namespace ridgeline::kernels::bytes {
namespace {

/// FP32 holds all whole sums of products of 8 bits up to here.
constexpr int64_t kMostTaps = 512;
constexpr int64_t kTasksPerThread = 4;

/// Of a block, in floats.
int64_t weights_of_block(const QuantizedConvDesc& desc) {
  return volume(desc.conv.window.kernel) * kChannels;
}

}  // namespace

Status accepts_depthwise(const QuantizedConvDesc& desc) {
  const ConvDesc& conv = desc.conv;
  if (conv.groups == 1 || conv.groups != conv.in_channels || conv.groups != conv.out_channels)
    return unsupported("takes as many groups as channels");
  if (conv.window.in[0] != 1 || conv.window.out[0] != 1 || conv.window.kernel[0] != 1)
    return unsupported("takes two spatial axes");
  if (volume(conv.window.kernel) > kMostTaps) return unsupported("takes up to {} taps", kMostTaps);
  return {};
}

size_t packed_depthwise_bytes(const QuantizedConvDesc& desc) {
  return static_cast<size_t>(blocks_of(desc.conv.out_channels) * weights_of_block(desc)) * sizeof(float);
}

/// FP32 [block][tap][channel].
void pack_depthwise(const QuantizedConvDesc& desc, const int8_t* weights, void* packed) {
  const int64_t taps = volume(desc.conv.window.kernel);
  auto* to = static_cast<float*>(packed);
  for (int64_t block = 0; block < blocks_of(desc.conv.out_channels); ++block)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t lane = 0; lane < kChannels; ++lane, ++to) {
        const int64_t channel = block * kChannels + lane;
        *to = channel < desc.conv.out_channels ? static_cast<float>(weights[channel * taps + tap]) : 0;
      }
}

void depthwise(const ByteKernels& kernels, const QuantizedConvDesc& desc, const QuantizedConvArgs& args,
               ThreadPool& pool) {
  const Window& w = desc.conv.window;
  const int64_t blocks = blocks_of(desc.conv.out_channels), rows = desc.conv.batch * blocks * w.out[1];
  const auto* const weights = static_cast<const float*>(args.weights);
  pool.parallel_for(rows, ceil_div(rows, kTasksPerThread * pool.threads()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t plane = i / w.out[1], row = i % w.out[1], block = plane % blocks;
      const PaddedScales<kChannels> scales(desc, args, block * kChannels);
      Results results = results_at(
          desc, args, {.image = plane / blocks, .first = block * kChannels, .pixel = row * w.out[2]});
      results.scale = scales.scale;
      results.shift = scales.shift;
      kernels.depthwise({.window = w,
                         .row = row,
                         .plane = static_cast<const Line*>(args.in) + plane * volume(w.in),
                         .weights = weights + block * weights_of_block(desc),
                         .zero = static_cast<float>(from_lowest(desc.in, desc.in_zero)),
                         .results = results});
    }
  });
}

}  // namespace ridgeline::kernels::bytes
