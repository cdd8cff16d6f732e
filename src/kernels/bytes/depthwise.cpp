#include "kernels/bytes/depthwise.h"

#include <cstring>

#include "kernels/bytes/result_place.h"

namespace ridgeline::kernels::bytes {
namespace {

constexpr int64_t kTasksPerThread = 4;

/// Of a block, in bytes.
int64_t weights_of_block(const QuantizedConvDesc& desc) { return weights_of_rows(desc.conv.window); }

}  // namespace

Status accepts_depthwise(const QuantizedConvDesc& desc) {
  const ConvDesc& conv = desc.conv;
  if (conv.groups == 1 || conv.groups != conv.in_channels || conv.groups != conv.out_channels)
    return unsupported("takes as many groups as channels");
  if (conv.window.in[0] != 1 || conv.window.out[0] != 1 || conv.window.kernel[0] != 1)
    return unsupported("takes two spatial axes");
  if (!fits_held_columns(conv.window))
    return unsupported("takes windows of up to {} columns by four rows", kHeldColumns);
  return {};
}

size_t packed_depthwise_bytes(const QuantizedConvDesc& desc) {
  return static_cast<size_t>(blocks_of(desc.conv.out_channels)) *
         (static_cast<size_t>(weights_of_block(desc)) + kChannels * sizeof(int32_t));
}

/// [block] of weights, then of the sums of each channel's.
void pack_depthwise(const QuantizedConvDesc& desc, const int8_t* weights, void* packed) {
  const Window& w = desc.conv.window;
  const int64_t blocks = blocks_of(desc.conv.out_channels);
  auto* const to = static_cast<int8_t*>(packed);
  auto* const sums = reinterpret_cast<int32_t*>(to + blocks * weights_of_block(desc));
  std::memset(packed, 0, packed_depthwise_bytes(desc));
  for (int64_t channel = 0; channel < desc.conv.out_channels; ++channel) {
    int8_t* const of_block = to + channel / kChannels * weights_of_block(desc);
    for (int64_t kh = 0; kh < w.kernel[1]; ++kh)
      for (int64_t kw = 0; kw < w.kernel[2]; ++kw, ++weights) {
        set_weight(w, {channel % kChannels, kh, kw}, *weights, of_block);
        sums[channel] += *weights;
      }
  }
}

void depthwise(DepthwiseKernel kernel, const QuantizedConvDesc& desc, const QuantizedConvArgs& args,
               ThreadPool& pool) {
  const Window& w = desc.conv.window;
  const int64_t blocks = blocks_of(desc.conv.out_channels), rows = desc.conv.batch * blocks * w.out[1];
  const auto* const weights = static_cast<const int8_t*>(args.weights);
  const auto* const sums = reinterpret_cast<const int32_t*>(weights + blocks * weights_of_block(desc));
  const int32_t zero = from_lowest(desc.in, desc.in_zero);
  Line padding;
  std::memset(&padding, zero, sizeof(padding));
  pool.parallel_for(rows, ceil_div(rows, kTasksPerThread * pool.threads()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin, count = 0; i < end; i += count) {
      const int64_t plane = i / w.out[1], row = i % w.out[1], block = plane % blocks;
      count = std::min(end - i, w.out[1] - row);
      const PaddedScales<kChannels> scales(desc, args, block * kChannels);
      Results results = results_at(
          desc, args, {.image = plane / blocks, .first = block * kChannels, .pixel = row * w.out[2]});
      results.scale = scales.scale;
      results.shift = scales.shift;
      int32_t corrections[kChannels];
      for (int64_t lane = 0; lane < kChannels; ++lane)
        corrections[lane] = -zero * sums[block * kChannels + lane];
      kernel({.first = {.window = w,
                        .row = row,
                        .plane = static_cast<const Line*>(args.in) + plane * volume(w.in),
                        .padding = &padding,
                        .weights = weights + block * weights_of_block(desc)},
              .count = count,
              .corrections = corrections,
              .results = results});
    }
  });
}

}  // namespace ridgeline::kernels::bytes
