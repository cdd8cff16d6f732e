#pragma once

#include <ATen/core/Tensor.h>

namespace ridgeline::train {

/// FP32 on the CPU, in memory as [N, H, W, C] and not at the same time as [N, C, H, W].
inline bool is_nhwc(const at::Tensor& x) {
  return x.dim() == 4 && x.device().is_cpu() && x.scalar_type() == at::kFloat && !x.is_contiguous() &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace ridgeline::train
