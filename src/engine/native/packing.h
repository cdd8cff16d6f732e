#pragma once

#include "engine/native/step.h"

namespace ridgeline::native {

/// Constant `data` packed for an implementation, or as it is where that wants no packing.
template <typename Impl, typename Desc>
Result<const void*> pack(const BuildContext& context, const Impl& impl, const Desc& desc,
                         const std::byte* data) {
  const size_t bytes = impl.packed_bytes(desc);
  if (bytes == 0) return static_cast<const void*>(data);
  ASSIGN_OR_RETURN(Tensor packed, Tensor::zeros(DType::kU8, {static_cast<int64_t>(bytes)}));
  impl.pack(desc, reinterpret_cast<const float*>(data), packed.data());
  context.packed.push_back(packed);
  return static_cast<const void*>(packed.data());
}

inline const float* floats(Slots slots, std::optional<size_t> slot) {
  return slot ? reinterpret_cast<const float*>(slots[*slot].data) : nullptr;
}

}  // namespace ridgeline::native
