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
/// transposed operand is stored the other way round. Lines of a matrix, rows as it is stored, may lie apart.
/// bias[i, j] = bias[i · bias_row_stride + j · bias_column_stride], already scaled.
struct GemmDesc {
  int64_t m = 1;
  int64_t n = 1;
  int64_t k = 1;
  bool transpose_a = false;
  bool transpose_b = false;
  int64_t a_line = 0, b_line = 0, c_line = 0;  ///< floats from a line to the next; 0: as many as it has
  float alpha = 1;
  bool can_pack_b = true;  ///< b is constant, or a product so tall that packing it at each run pays
  bool has_bias = false;
  int64_t bias_row_stride = 0;
  int64_t bias_column_stride = 0;  ///< 0 or 1
  Activation activation{};
};

/// Floats from an element of op(a), op(b) or c to its neighbour.
struct GemmStrides {
  explicit GemmStrides(const GemmDesc& desc) {
    const auto line = [](int64_t own, int64_t elements) { return own != 0 ? own : elements; };
    const int64_t a = line(desc.a_line, desc.transpose_a ? desc.m : desc.k);
    const int64_t b = line(desc.b_line, desc.transpose_b ? desc.k : desc.n);
    a_row = desc.transpose_a ? 1 : a;
    a_term = desc.transpose_a ? a : 1;
    b_term = desc.transpose_b ? 1 : b;
    b_column = desc.transpose_b ? b : 1;
    c_row = line(desc.c_line, desc.n);
  }
  int64_t a_row, a_term, b_term, b_column, c_row;
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
