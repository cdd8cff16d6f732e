#include "kernels/gemm.h"

#include <array>

#include "kernels/ref/gemm.h"

namespace ridgeline::kernels {

std::span<const GemmImpl> gemm_impls() {
  static constexpr std::array<GemmImpl, 1> kImpls = {{
      {"ref", [](const GemmDesc&, const CpuFeatures&) { return Status(); },
       [](const GemmDesc&) -> size_t { return 0; }, [](const GemmDesc&, const float*, void*) {}, ref::gemm},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
