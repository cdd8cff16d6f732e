#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/native/shared_weights.h"
#include "engine/native/step.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/lines/conv.h"
#include "kernels/quantized/conv.h"

namespace ridgeline::native {

/// What of a case decides how its weights are packed: not how many images there are, nor their size, so that
/// sessions of several shapes share them (tests/kernels/packing_test.cpp holds the kernels to it).
inline std::string packing_of(const kernels::ConvDesc& desc) {
  const kernels::Window& w = desc.window;
  return fmt::format("conv {} {} {} {} {} {} {}", desc.in_channels, desc.out_channels, desc.groups, w.kernel,
                     w.stride, w.dilation, w.pad);
}
inline std::string packing_of(const kernels::lines::LineConvDesc& desc) {
  return fmt::format("lines {} {}", static_cast<int>(desc.numbers), packing_of(desc.conv));
}
inline std::string packing_of(const kernels::quantized::QuantizedConvDesc& desc) {
  return fmt::format("bytes {}", packing_of(desc.conv));
}
inline std::string packing_of(const kernels::GemmDesc& desc) {
  return fmt::format("gemm {} {} {}", desc.n, desc.k, desc.transpose_b);
}

/// Convolutions on planes keep offsets into their images beside the weights.
inline std::string packing_of(const kernels::ConvImpl& impl, const kernels::ConvDesc& desc) {
  const auto on_planes = kernels::conv_impls();
  const bool for_size = std::any_of(on_planes.begin(), on_planes.end(),
                                    [&](const kernels::ConvImpl& each) { return each.name == impl.name; });
  return for_size ? fmt::format("{} {} {}", packing_of(desc), desc.window.in, desc.window.out)
                  : packing_of(desc);
}
template <typename Impl, typename Desc>
std::string packing_of(const Impl&, const Desc& desc) {
  return packing_of(desc);
}

template <typename Desc, typename Plain>
void pack_plain(void (*pack)(const Desc&, const Plain*, void*), const Desc& desc, const std::byte* plain,
                void* to) {
  pack(desc, reinterpret_cast<const Plain*>(plain), to);
}

/// Constant `weights` packed for an implementation, or as they are where that wants no packing. They may be
/// read when the plan is ready; `kept` is what holds them until then, where the planner does not.
template <typename Impl, typename Desc>
Result<const void*> pack(const BuildContext& context, const Impl& impl, const Desc& desc,
                         const TensorView& weights, Tensor kept = {}) {
  const size_t bytes = impl.packed_bytes(desc);
  if (bytes == 0) return static_cast<const void*>(weights.data);
  std::string layout = fmt::format("{} {}", impl.name, packing_of(impl, desc));
  ASSIGN_OR_RETURN(Tensor packed, context.packer.add({std::move(layout), weights, bytes,
                                                      [desc, plain = weights.data, kept, pack = impl.pack](
                                                          void* to) { pack_plain(pack, desc, plain, to); }}));
  context.packed.push_back(packed);
  return static_cast<const void*>(packed.data());
}

inline const float* floats(Slots slots, std::optional<size_t> slot) {
  return slot ? reinterpret_cast<const float*>(slots[*slot].data) : nullptr;
}

}  // namespace ridgeline::native
