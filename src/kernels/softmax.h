#pragma once

#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels {

/// exp(x − max) / Σ along `axis`, FP32; the logarithm of that when `logarithm`.
struct SoftmaxDesc {
  size_t axis = 0;
  bool logarithm = false;
};

struct SoftmaxImpl {
  std::string_view name;
  /// Ok, or the reason why this case is not for this implementation.
  Status (*accepts)(const SoftmaxDesc& desc, const CpuFeatures& cpu);
  void (*run)(const SoftmaxDesc& desc, const TensorView& in, const TensorView& out, ThreadPool& pool);
};

/// Best first, `ref` last; `ref` accepts every case.
std::span<const SoftmaxImpl> softmax_impls();

}  // namespace ridgeline::kernels
