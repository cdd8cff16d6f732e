#include "kernels/tile/gemm.h"

#include <algorithm>
#include <limits>

#include "kernels/ceil_div.h"
#include "kernels/tile/clamp.h"

namespace ridgeline::kernels::tile {
namespace {

size_t table_bytes(const GemmDesc& desc) {
  return static_cast<size_t>(ceil_div(desc.k * static_cast<int64_t>(sizeof(int32_t)), 64) * 64);
}

}  // namespace

Status accepts_gemm(const GemmDesc& desc) {
  constexpr int64_t kLongest = int64_t{1} << 24;
  if (!desc.can_pack_b) return unsupported("needs a second operand that can be packed");
  if (desc.k > kLongest) return unsupported("takes products of at most {} terms", kLongest);
  return {};
}

size_t packed_gemm_bytes(const KernelSet& set, const GemmDesc& desc) {
  const int64_t strips = ceil_div(desc.n, set.columns());
  return table_bytes(desc) + static_cast<size_t>(strips * desc.k * set.columns()) * sizeof(float);
}

void pack_gemm(const KernelSet& set, const GemmDesc& desc, const float* b, void* packed) {
  auto* offsets = static_cast<int32_t*>(packed);
  auto* strips = reinterpret_cast<float*>(static_cast<std::byte*>(packed) + table_bytes(desc));
  const int64_t columns = set.columns(), count = ceil_div(desc.n, columns);
  for (int64_t k = 0; k < desc.k; ++k) {
    offsets[k] = static_cast<int32_t>(k * columns);
    for (int64_t strip = 0; strip < count; ++strip) {
      const int64_t first = strip * columns, width = std::min(columns, desc.n - first);
      float* row = strips + (strip * desc.k + k) * columns;
      if (desc.transpose_b)
        for (int64_t j = 0; j < width; ++j) row[j] = b[(first + j) * desc.k + k];
      else
        std::copy_n(b + k * desc.n + first, width, row);
    }
  }
}

void gemm(const KernelSet& set, const GemmDesc& desc, const GemmArgs& args, ThreadPool& pool) {
  const auto* offsets = static_cast<const int32_t*>(args.b);
  const auto* packed =
      reinterpret_cast<const float*>(static_cast<const std::byte*>(args.b) + table_bytes(desc));
  const Clamp clamp = clamp_of(desc.activation);
  const int64_t columns = set.columns(), strips = ceil_div(desc.n, columns);
  const int64_t blocks = ceil_div(desc.m, set.rows);
  pool.parallel_for(strips * blocks, 1, [&](int64_t begin, int64_t end) {
    alignas(64) float sums[KernelSet::kMaxBlock];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t strip = i / blocks, row = i % blocks * set.rows;
      const int64_t rows = std::min(set.rows, desc.m - row);
      const int64_t count = std::min(columns, desc.n - strip * columns);
      set.run(rows, count,
              {.depth = desc.k,
               .a = args.a + row * (desc.transpose_a ? 1 : desc.k),
               .a_row = desc.transpose_a ? 1 : desc.k,
               .a_step = desc.transpose_a ? desc.m : 1,
               .b = packed + strip * desc.k * columns,
               .b_offsets = offsets,
               .c = sums});
      const int64_t first_bias = row * desc.bias_row_stride + strip * columns * desc.bias_column_stride;
      set.finish({.c = sums,
                  .rows = rows,
                  .columns = count,
                  .alpha = desc.alpha,
                  .bias = desc.has_bias ? args.bias + first_bias : nullptr,
                  .bias_row = desc.bias_row_stride,
                  .bias_column = desc.bias_column_stride,
                  .out = args.c + row * desc.n + strip * columns,
                  .out_row = desc.n,
                  .low = clamp.low,
                  .high = clamp.high});
    }
  });
}

}  // namespace ridgeline::kernels::tile
