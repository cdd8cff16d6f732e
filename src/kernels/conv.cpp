#include "kernels/conv.h"

#include <array>

#include "kernels/ref/conv.h"
#include "kernels/tile/conv.h"
#include "kernels/winograd/nchw.h"

namespace ridgeline::kernels {
namespace {

template <const tile::KernelSet& (*set)()>
constexpr ConvImpl tile_impl(std::string_view name, Status (*accepts)(const ConvDesc&, const CpuFeatures&)) {
  return {name,
          accepts,
          [](const ConvDesc& desc) { return tile::packed_conv_bytes(set(), desc); },
          [](const ConvDesc& desc, const float* weights, void* packed) {
            tile::pack_conv(set(), desc, weights, packed);
          },
          [](const ConvDesc& desc) { return tile::conv_scratch_bytes(set(), desc); },
          [](const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
            tile::conv(set(), desc, args, pool);
          }};
}

template <const winograd::TileKernels& (*set)()>
constexpr ConvImpl winograd_impl(std::string_view name,
                                 Status (*accepts)(const ConvDesc&, const CpuFeatures&)) {
  return {name,
          accepts,
          winograd::packed_conv_bytes,
          [](const ConvDesc& desc, const float* weights, void* packed) {
            winograd::pack_conv(set(), desc, weights, packed);
          },
          winograd::conv_scratch_bytes,
          [](const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
            winograd::conv(set(), desc, args, pool);
          }};
}

}  // namespace

std::span<const ConvImpl> conv_impls() {
  static constexpr std::array<ConvImpl, 5> kImpls = {{
      winograd_impl<winograd::avx512_tiles>("winograd_avx512",
                                            [](const ConvDesc& desc, const CpuFeatures& cpu) {
                                              return cpu.avx512f ? winograd::accepts_conv(
                                                                       winograd::avx512_tiles(), desc)
                                                                 : unsupported("needs avx512f");
                                            }),
      tile_impl<tile::avx512_kernels>("tile_avx512",
                                      [](const ConvDesc& desc, const CpuFeatures& cpu) {
                                        return cpu.avx512f ? tile::accepts_conv(desc)
                                                           : unsupported("needs avx512f");
                                      }),
      winograd_impl<winograd::avx2_tiles>("winograd_avx2",
                                          [](const ConvDesc& desc, const CpuFeatures& cpu) {
                                            return cpu.avx2 && cpu.fma
                                                       ? winograd::accepts_conv(winograd::avx2_tiles(), desc)
                                                       : unsupported("needs avx2 and fma");
                                          }),
      tile_impl<tile::avx2_kernels>("tile_avx2",
                                    [](const ConvDesc& desc, const CpuFeatures& cpu) {
                                      return cpu.avx2 && cpu.fma ? tile::accepts_conv(desc)
                                                                 : unsupported("needs avx2 and fma");
                                    }),
      {"ref", [](const ConvDesc&, const CpuFeatures&) { return Status(); },
       [](const ConvDesc&) -> size_t { return 0; }, [](const ConvDesc&, const float*, void*) {},
       [](const ConvDesc&) -> size_t { return 0; }, ref::conv},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
