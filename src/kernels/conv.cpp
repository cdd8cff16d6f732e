#include "kernels/conv.h"

#include <array>

#include "kernels/ref/conv.h"
#include "kernels/tile/conv.h"
#include "kernels/winograd/nchw.h"

namespace ridgeline::kernels {
namespace {

using Needs = Status (*)(const CpuFeatures& cpu);

Status needs_avx512(const CpuFeatures& cpu) { return cpu.avx512f ? Status() : unsupported("needs avx512f"); }

Status needs_avx2(const CpuFeatures& cpu) {
  return cpu.avx2 && cpu.fma ? Status() : unsupported("needs avx2 and fma");
}

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

template <const winograd::TileKernels& (*set)(), Needs needs>
constexpr ConvImpl winograd_impl(std::string_view name) {
  return {name,
          [](const ConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return winograd::accepts_conv(set(), desc);
          },
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
      winograd_impl<winograd::avx512_tiles, needs_avx512>("winograd_avx512"),
      tile_impl<tile::avx512_kernels, needs_avx512>("tile_avx512"),
      winograd_impl<winograd::avx2_tiles, needs_avx2>("winograd_avx2"),
      tile_impl<tile::avx2_kernels, needs_avx2>("tile_avx2"),
      {"ref", [](const ConvDesc&, const CpuFeatures&) { return Status(); },
       [](const ConvDesc&) -> size_t { return 0; }, [](const ConvDesc&, const float*, void*) {},
       [](const ConvDesc&) -> size_t { return 0; }, ref::conv},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
