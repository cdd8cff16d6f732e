#include "kernels/lines/depthwise_patches.h"

#include "kernels/blocked/lanes.h"
#include "kernels/blocked/patch_windows.h"
#include "kernels/lines/depthwise.h"

namespace ridgeline::kernels::lines {
namespace {

/// Of a block.
int64_t weights_of_block(const LineConvDesc& desc) { return volume(desc.conv.window.kernel) * kChannels; }

class DepthwisePatches {
 public:
  DepthwisePatches(const LineConvDesc& desc, const LineConvArgs& args) : desc_(desc), args_(args) {}

  void run(ThreadPool& pool) const {
    blocked::for_each_band(desc_.conv.batch * blocks_, desc_.conv.window.out[1], pool,
                           [&](int64_t plane, const Range& rows) { compute(plane, rows); });
  }

 private:
  /// A band of a block of an image.
  void compute(int64_t plane, const Range& band) const {
    const ConvDesc& conv = desc_.conv;
    const Window& w = conv.window;
    const int64_t block = plane % blocks_, line = (plane * w.out[1] + band.begin) * w.out[2];
    alignas(64) float bias[kChannels];
    avx512_bf16_depthwise(
        {.window = w,
         .first = band.begin,
         .count = band.end - band.begin,
         .plane = static_cast<const Line*>(args_.in) + plane * volume(w.in),
         .weights = static_cast<const float*>(args_.weights) + block * weights_of_block(desc_)},
        {.out = args_.out + line,
         .residual = conv.has_residual ? args_.residual + line : nullptr,
         .bias = blocked::padded_bias(conv, args_.bias, block * kChannels, bias),
         .activation = conv.activation});
  }

  const LineConvDesc& desc_;
  const LineConvArgs& args_;
  int64_t blocks_ = blocks_of(desc_.conv.out_channels);
};

}  // namespace

Status accepts_depthwise_patches(const LineConvDesc& desc) {
  if (desc.numbers != Numbers::kBf16) return unsupported("multiplies single numbers");
  RETURN_IF_ERROR(accepts_depthwise(desc));
  if (!blocked::takes_patches(desc.conv.window))
    return unsupported("takes windows of 3, 5 and, without a step, 7 columns that lie beside each other");
  return {};
}

size_t packed_depthwise_patches_bytes(const LineConvDesc& desc) {
  return static_cast<size_t>(blocks_of(desc.conv.out_channels) * weights_of_block(desc)) * sizeof(float);
}

void pack_depthwise_patches(const LineConvDesc& desc, const float* weights, void* packed) {
  const int64_t taps = volume(desc.conv.window.kernel), blocks = blocks_of(desc.conv.out_channels);
  auto* to = static_cast<float*>(packed);
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t odd = 0; odd < 2; ++odd)
        for (int64_t half = 0; half < kChannels / 2; ++half) {
          const int64_t channel = block * kChannels + 2 * half + odd;
          *to++ = channel < desc.conv.out_channels ? weights[channel * taps + tap] : 0.0F;
        }
}

void depthwise_patches(const LineConvDesc& desc, const LineConvArgs& args, ThreadPool& pool) {
  DepthwisePatches(desc, args).run(pool);
}

}  // namespace ridgeline::kernels::lines
