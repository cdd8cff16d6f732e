#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/activation.h"

namespace ridgeline::kernels {

/// c = activation(alpha · op(a) op(b) + bias), FP32, row-major. op(a) is [m, k] and op(b) [k, n]; a
/// transposed operand is stored the other way round. bias[i, j] = bias[i · bias_row_stride + j ·
/// bias_column_stride], already scaled.
struct GemmDesc {
  int64_t m = 1;
  int64_t n = 1;
  int64_t k = 1;
  bool transpose_a = false;
  bool transpose_b = false;
  float alpha = 1;
  bool can_pack_b = true;  ///< b is constant, or a product so tall that packing it at each run pays
  bool has_bias = false;
  int64_t bias_row_stride = 0;
  int64_t bias_column_stride = 0;  ///< 0 or 1
  Activation activation{};
};

struct GemmArgs {
  const float* a = nullptr;
  const void* b = nullptr;  ///< as `pack` left it; plain FP32 where packed_bytes is 0
  const float* bias = nullptr;
  float* c = nullptr;
};

struct GemmImpl {
  std::string_view name;
  /// Ok, or the reason why this case is not for this implementation.
  Status (*accepts)(const GemmDesc& desc, const CpuFeatures& cpu);
  /// Bytes of the packed b (64-byte aligned memory); 0 when `run` takes it as it is.
  size_t (*packed_bytes)(const GemmDesc& desc);
  void (*pack)(const GemmDesc& desc, const float* b, void* packed);
  void (*run)(const GemmDesc& desc, const GemmArgs& args, ThreadPool& pool);
};

/// Best first, `ref` last; `ref` accepts every case.
std::span<const GemmImpl> gemm_impls();

}  // namespace ridgeline::kernels
