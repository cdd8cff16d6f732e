#include "kernels/gemm.h"

#include <array>

#include "kernels/needs.h"
#include "kernels/ref/gemm.h"
#include "kernels/tile/gemm.h"

namespace ridgeline::kernels {
namespace {

template <const tile::KernelSet& (*set)()>
constexpr GemmImpl tile_impl(std::string_view name, Status (*accepts)(const GemmDesc&, const CpuFeatures&)) {
  return {name, accepts, [](const GemmDesc& desc) { return tile::packed_gemm_bytes(set(), desc); },
          [](const GemmDesc& desc, const float* b, void* packed) { tile::pack_gemm(set(), desc, b, packed); },
          [](const GemmDesc& desc, const GemmArgs& args, ThreadPool& pool) {
            tile::gemm(set(), desc, args, pool);
          }};
}

}  // namespace

std::span<const GemmImpl> gemm_impls() {
  static constexpr std::array<GemmImpl, 3> kImpls = {{
      tile_impl<tile::avx512_kernels>("tile_avx512",
                                      [](const GemmDesc& desc, const CpuFeatures& cpu) -> Status {
                                        RETURN_IF_ERROR(needs_avx512(cpu));
                                        return tile::accepts_gemm(desc);
                                      }),
      tile_impl<tile::avx2_kernels>("tile_avx2",
                                    [](const GemmDesc& desc, const CpuFeatures& cpu) -> Status {
                                      RETURN_IF_ERROR(needs_avx2(cpu));
                                      return tile::accepts_gemm(desc);
                                    }),
      {"ref", [](const GemmDesc&, const CpuFeatures&) { return Status(); },
       [](const GemmDesc&) -> size_t { return 0; }, [](const GemmDesc&, const float*, void*) {}, ref::gemm},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
