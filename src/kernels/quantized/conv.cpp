#include "kernels/quantized/conv.h"

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

}  // namespace ridgeline::kernels::quantized
