#pragma once

#include "kernels/pool.h"

namespace ridgeline::kernels::blocked {

/// Best first; none may take a case. Planes are blocks, and tensors theirs.
std::span<const PoolImpl> pool_impls();

/// The mean over each plane: in is [planes, pixels, kBlock], out [planes, kBlock].
struct MeanDesc {
  int64_t planes = 1;
  int64_t pixels = 1;
};
struct MeanImpl {
  std::string_view name;
  Status (*accepts)(const MeanDesc& desc, const CpuFeatures& cpu);
  void (*run)(const MeanDesc& desc, const float* in, float* out, ThreadPool& pool);
};
std::span<const MeanImpl> mean_impls();

}  // namespace ridgeline::kernels::blocked
