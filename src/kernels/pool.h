#pragma once

#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "kernels/ref/pool.h"

namespace ridgeline::kernels {

enum class PoolKind { kMax, kAverage };

/// A pool that gives values only; see ref::max_pool and ref::average_pool.
struct PoolCase {
  PoolKind kind = PoolKind::kMax;
  ref::PoolDesc desc{};
  ref::AveragePadding padding{};  ///< kAverage only
  DType dtype = DType::kF32;
};

struct PoolImpl {
  std::string_view name;
  /// Ok, or the reason why this case is not for this implementation.
  Status (*accepts)(const PoolCase& pool_case, const CpuFeatures& cpu);
  Status (*run)(const PoolCase& pool_case, const TensorView& in, const TensorView& out, ThreadPool& pool);
  /// Of FP32 maxima, some rows of planes: heeds the window's in_plane and out_plane. Null where it cannot.
  void (*run_part)(const PoolCase& part, const float* in, float* out, ThreadPool& pool) = nullptr;
};

/// Best first, `ref` last; `ref` takes every case, and refuses types that ONNX does not allow when it runs.
std::span<const PoolImpl> pool_impls();

}  // namespace ridgeline::kernels
