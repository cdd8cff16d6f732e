#include "kernels/quantized/conv.h"

#include <algorithm>
#include <array>

#include "kernels/ref/quantized.h"

namespace ridgeline::kernels::quantized {

std::span<const QuantizedConvImpl> conv_impls() {
  static constexpr std::array<QuantizedConvImpl, 1> kImpls = {{
      {"ref", [](const QuantizedConvDesc&, const CpuFeatures&) { return Status(); },
       [](const QuantizedConvDesc&) -> size_t { return 0; },
       [](const QuantizedConvDesc&, const int8_t*, void*) {},
       [](const QuantizedConvDesc&) -> size_t { return 0; }, ref::quantized_conv},
  }};
  return kImpls;
}

int64_t largest_sum(const QuantizedConvDesc& desc, const int8_t* weights) {
  const int64_t below = desc.in_zero + (desc.in == DType::kI8 ? 128 : 0), above = 255 - below;
  const int64_t terms = desc.conv.in_channels / desc.conv.groups * volume(desc.conv.window.kernel);
  int64_t largest = 0;
  for (int64_t channel = 0; channel < desc.conv.out_channels; ++channel, weights += terms) {
    int32_t positive = 0, negative = 0;
    for (int64_t i = 0; i < terms; ++i) {
      positive += std::max<int32_t>(weights[i], 0);
      negative -= std::min<int32_t>(weights[i], 0);
    }
    largest = std::max({largest, positive * above + negative * below, positive * below + negative * above});
  }
  return largest;
}

}  // namespace ridgeline::kernels::quantized
