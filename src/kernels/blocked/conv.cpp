#include "kernels/blocked/conv.h"

#include <array>

#include "kernels/blocked/depthwise.h"
#include "kernels/blocked/dilated.h"
#include "kernels/blocked/direct.h"
#include "kernels/needs.h"
#include "kernels/winograd/blocked.h"
#include "kernels/winograd/rows.h"

namespace ridgeline::kernels::blocked {
namespace {

size_t no_scratch(const ConvDesc&) { return 0; }

template <const PanelKernels& (*panels)(), Needs needs>
constexpr ConvImpl direct_impl(std::string_view name) {
  return {name,
          [](const ConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return accepts_direct(panels(), desc);
          },
          [](const ConvDesc& desc) { return packed_direct_bytes(panels(), desc); },
          [](const ConvDesc& desc, const float* weights, void* packed) {
            pack_direct(panels(), desc, weights, packed);
          },
          no_scratch,
          [](const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
            direct(panels(), desc, args, pool);
          },
          true,
          [](const ConvDesc& desc) { return direct_replaces_residual(panels(), desc); }};
}

template <const winograd::RowKernels& (*rows)(), const PanelKernels& (*panels)(), Needs needs>
constexpr ConvImpl rows_impl(std::string_view name) {
  return {name,
          [](const ConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return winograd::accepts_rows(desc);
          },
          winograd::packed_rows_bytes,
          [](const ConvDesc& desc, const float* weights, void* packed) {
            winograd::pack_rows({rows(), panels()}, desc, weights, packed);
          },
          no_scratch,
          [](const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
            winograd::rows_conv({rows(), panels()}, desc, args, pool);
          },
          true};
}

template <const PanelKernels& (*panels)(), Needs needs>
constexpr ConvImpl dilated_impl(std::string_view name) {
  return {name,
          [](const ConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return accepts_dilated(desc);
          },
          packed_dilated_bytes,
          [](const ConvDesc& desc, const float* weights, void* packed) {
            pack_dilated(panels(), desc, weights, packed);
          },
          no_scratch,
          [](const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
            dilated(panels(), desc, args, pool);
          },
          true};
}

template <const LaneKernels& (*lanes)(), Needs needs>
constexpr ConvImpl depthwise_impl(std::string_view name) {
  return {name,
          [](const ConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return accepts_depthwise(desc);
          },
          packed_depthwise_bytes,
          pack_depthwise,
          no_scratch,
          [](const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
            depthwise(lanes(), desc, args, pool);
          },
          true};
}

using Tiles = const winograd::TileKernels& (*)();

/// By tiles of one size, where those of the `other` are not expected to be faster.
template <Tiles tiles, Tiles other, const PanelKernels& (*panels)(), Needs needs>
constexpr ConvImpl winograd_impl(std::string_view name) {
  return {name,
          [](const ConvDesc& desc, const CpuFeatures& cpu) -> Status {
            RETURN_IF_ERROR(needs(cpu));
            return winograd::accepts_blocked({tiles(), panels()}, {other(), panels()}, desc,
                                             winograd::rates_of(cpu));
          },
          [](const ConvDesc& desc) { return winograd::packed_blocked_bytes({tiles(), panels()}, desc); },
          [](const ConvDesc& desc, const float* weights, void* packed) {
            winograd::pack_blocked({tiles(), panels()}, desc, weights, packed);
          },
          [](const ConvDesc& desc) { return winograd::blocked_scratch_bytes({tiles(), panels()}, desc); },
          [](const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
            winograd::blocked_conv({tiles(), panels()}, desc, args, pool);
          },
          false,
          [](const ConvDesc& desc) { return Finish(desc).is_bounded(); }};
}

}  // namespace

std::span<const ConvImpl> conv_impls() {
  using namespace winograd;
  static constexpr std::array<ConvImpl, 14> kImpls = {{
      winograd_impl<avx512_tiles, avx512_small_tiles, avx512_panels, needs_avx512>("winograd4_avx512"),
      winograd_impl<avx512_small_tiles, avx512_tiles, avx512_panels, needs_avx512>("winograd2_avx512"),
      winograd_impl<avx512_strided_tiles, avx512_strided_tiles, avx512_panels, needs_avx512>(
          "winograd2_stride2_avx512"),
      rows_impl<avx512_rows, avx512_panels, needs_avx512>("winograd_rows_avx512"),
      dilated_impl<avx512_panels, needs_avx512>("dilated_avx512"),
      direct_impl<avx512_panels, needs_avx512>("direct_avx512"),
      depthwise_impl<avx512_lanes, needs_avx512>("depthwise_avx512"),
      winograd_impl<avx2_tiles, avx2_small_tiles, avx2_panels, needs_avx2>("winograd4_avx2"),
      winograd_impl<avx2_small_tiles, avx2_tiles, avx2_panels, needs_avx2>("winograd2_avx2"),
      winograd_impl<avx2_strided_tiles, avx2_strided_tiles, avx2_panels, needs_avx2>(
          "winograd2_stride2_avx2"),
      rows_impl<avx2_rows, avx2_panels, needs_avx2>("winograd_rows_avx2"),
      dilated_impl<avx2_panels, needs_avx2>("dilated_avx2"),
      direct_impl<avx2_panels, needs_avx2>("direct_avx2"),
      depthwise_impl<avx2_lanes, needs_avx2>("depthwise_avx2"),
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels::blocked
