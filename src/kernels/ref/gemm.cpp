#include "kernels/ref/gemm.h"

#include <algorithm>
#include <array>

namespace ridgeline::kernels::ref {
namespace {

constexpr int64_t kColumns = 64;  // partial sums of one tile stay in the first-level cache

/// One row of c, columns [first, first + count), count ≤ kColumns.
void gemm_tile(const GemmDesc& desc, const GemmArgs& args, int64_t row, int64_t first, int64_t count) {
  const auto* b = static_cast<const float*>(args.b);
  const GemmStrides step(desc);
  std::array<float, kColumns> sums{};
  for (int64_t k = 0; k < desc.k; ++k) {
    const float a = args.a[row * step.a_row + k * step.a_term];
    const float* const b_row = b + k * step.b_term + first * step.b_column;
    for (int64_t j = 0; j < count; ++j) sums[static_cast<size_t>(j)] += a * b_row[j * step.b_column];
  }
  for (int64_t j = 0; j < count; ++j) {
    float value = desc.alpha * sums[static_cast<size_t>(j)];
    if (desc.has_bias) value += args.bias[row * desc.bias_row_stride + (first + j) * desc.bias_column_stride];
    args.c[row * step.c_row + first + j] = apply(desc.activation, value);
  }
}

}  // namespace

void gemm(const GemmDesc& desc, const GemmArgs& args, ThreadPool& pool) {
  const int64_t tiles = (desc.n + kColumns - 1) / kColumns;
  pool.parallel_for(desc.m * tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % tiles * kColumns;
      gemm_tile(desc, args, i / tiles, first, std::min(kColumns, desc.n - first));
    }
  });
}

}  // namespace ridgeline::kernels::ref
