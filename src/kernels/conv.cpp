#include "kernels/conv.h"

#include <array>

#include "kernels/needs.h"
#include "kernels/ref/conv.h"
#include "kernels/tile/conv.h"

namespace ridgeline::kernels {
namespace {

template <const tile::KernelSet& (*set)(), Needs needs>
constexpr ConvImpl tile_impl(std::string_view name) {
  return {name,
          [](const ConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return tile::accepts_conv(desc);
          },
          [](const ConvDesc& desc) { return tile::packed_conv_bytes(set(), desc); },
          [](const ConvDesc& desc, const float* weights, void* packed) {
            tile::pack_conv(set(), desc, weights, packed);
          },
          [](const ConvDesc& desc) { return tile::conv_scratch_bytes(set(), desc); },
          [](const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
            tile::conv(set(), desc, args, pool);
          }};
}

}  // namespace

std::span<const ConvImpl> conv_impls() {
  static constexpr std::array<ConvImpl, 3> kImpls = {{
      tile_impl<tile::avx512_kernels, needs_avx512>("tile_avx512"),
      tile_impl<tile::avx2_kernels, needs_avx2>("tile_avx2"),
      {"ref", [](const ConvDesc&, const CpuFeatures&) { return Status(); },
       [](const ConvDesc&) -> size_t { return 0; }, [](const ConvDesc&, const float*, void*) {},
       [](const ConvDesc&) -> size_t { return 0; }, ref::conv},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
