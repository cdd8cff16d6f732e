#include "kernels/lines/depthwise_dots.h"

#include <algorithm>

#include "kernels/lines/depthwise.h"
#include "tensor/half.h"

namespace ridgeline::kernels::lines {
namespace {

constexpr int64_t kTogether = 2;
constexpr int64_t kTasksPerThread = 4;

int64_t weights_of_block(const LineConvDesc& desc) { return weights_of_rows(desc.conv.window, kTogether); }

}  // namespace

Status accepts_depthwise_dots(const LineConvDesc& desc) {
  if (desc.numbers != Numbers::kBf16) return unsupported("multiplies single numbers");
  RETURN_IF_ERROR(accepts_depthwise(desc));
  if (!fits_held_columns(desc.conv.window, kTogether))
    return unsupported("takes windows of up to {} columns by two rows", kHeldColumns);
  return {};
}

size_t packed_depthwise_dots_bytes(const LineConvDesc& desc) {
  return static_cast<size_t>(blocks_of(desc.conv.out_channels) * weights_of_block(desc)) * sizeof(uint16_t);
}

void pack_depthwise_dots(const LineConvDesc& desc, const float* weights, void* packed) {
  const Window& w = desc.conv.window;
  auto* const to = static_cast<uint16_t*>(packed);
  std::fill_n(to, blocks_of(desc.conv.out_channels) * weights_of_block(desc), uint16_t{0});
  for (int64_t channel = 0; channel < desc.conv.out_channels; ++channel) {
    uint16_t* const of_block = to + channel / kChannels * weights_of_block(desc);
    for (int64_t kh = 0; kh < w.kernel[1]; ++kh)
      for (int64_t kw = 0; kw < w.kernel[2]; ++kw, ++weights)
        set_weight(w, kTogether, channel % kChannels, kh, kw, f32_to_bf16(*weights), of_block);
  }
}

void depthwise_dots(const LineConvDesc& desc, const LineConvArgs& args, ThreadPool& pool) {
  const Window& w = desc.conv.window;
  const int64_t blocks = blocks_of(desc.conv.out_channels), rows = desc.conv.batch * blocks * w.out[1];
  const auto* const weights = static_cast<const uint16_t*>(args.weights);
  const Line padding{};
  pool.parallel_for(rows, ceil_div(rows, kTasksPerThread * pool.threads()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin, count = 0; i < end; i += count) {
      const int64_t plane = i / w.out[1], row = i % w.out[1], block = plane % blocks;
      count = std::min(end - i, w.out[1] - row);
      alignas(64) float bias[kChannels];
      avx512_bf16_depthwise(
          {.first = {.window = w,
                     .row = row,
                     .plane = static_cast<const Line*>(args.in) + plane * volume(w.in),
                     .padding = &padding,
                     .weights = weights + block * weights_of_block(desc)},
           .count = count,
           .results = {.out = args.out + i * w.out[2],
                       .residual = desc.conv.has_residual ? args.residual + i * w.out[2] : nullptr,
                       .bias = blocked::padded_bias(desc.conv, args.bias, block * kChannels, bias),
                       .activation = desc.conv.activation}});
    }
  });
}

}  // namespace ridgeline::kernels::lines
