#include "kernels/conv.h"

#include <array>

#include "kernels/ref/conv.h"

namespace ridgeline::kernels {

std::span<const ConvImpl> conv_impls() {
  static constexpr std::array<ConvImpl, 1> kImpls = {{
      {"ref", [](const ConvDesc&, const CpuFeatures&) { return Status(); },
       [](const ConvDesc&) -> size_t { return 0; }, [](const ConvDesc&, const float*, void*) {}, ref::conv},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
