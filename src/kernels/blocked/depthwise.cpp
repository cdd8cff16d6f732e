#include "kernels/blocked/depthwise.h"

namespace ridgeline::kernels::blocked {

Status accepts_depthwise(const ConvDesc& desc) {
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  if (desc.groups == 1 || desc.groups != desc.in_channels || desc.out_channels != desc.in_channels)
    return unsupported("takes a group for each of several channels");
  if (desc.window.in[0] != 1 || desc.window.out[0] != 1 || desc.window.kernel[0] != 1)
    return unsupported("takes two spatial axes");
  return {};
}

size_t packed_depthwise_bytes(const ConvDesc& desc) {
  return static_cast<size_t>(blocks_of(desc.in_channels) * kBlock * volume(desc.window.kernel)) *
         sizeof(float);
}

/// [block][tap][lane].
void pack_depthwise(const ConvDesc& desc, const float* weights, void* packed) {
  const int64_t taps = volume(desc.window.kernel);
  auto* to = static_cast<float*>(packed);
  for (int64_t first = 0; first < desc.in_channels; first += kBlock)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t channel = first; channel < first + kBlock; ++channel)
        *to++ = channel < desc.in_channels ? weights[channel * taps + tap] : 0.0F;
}

void depthwise(const LaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  const int64_t blocks = blocks_of(desc.in_channels), taps = volume(desc.window.kernel);
  for_each_row(
      desc.window, desc.batch * blocks, args.in, args.out, pool, [&](const LaneRow& row, int64_t plane) {
        const int64_t block = plane % blocks, first = block * kBlock;
        alignas(64) float bias[kBlock];
        Finish finish(desc);
        finish.bias = padded_bias(desc, args.bias, first, bias);
        if (desc.has_residual) finish.residual = args.residual + (row.out - args.out);
        kernels.multiply(row, static_cast<const float*>(args.weights) + block * taps * kBlock, finish);
      });
}

}  // namespace ridgeline::kernels::blocked
