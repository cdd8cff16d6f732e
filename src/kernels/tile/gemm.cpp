#include "kernels/tile/gemm.h"

#include <algorithm>

#include "kernels/ceil_div.h"
#include "kernels/tile/clamp.h"

namespace ridgeline::kernels::tile {
namespace {

size_t table_bytes(const GemmDesc& desc) {
  return static_cast<size_t>(ceil_div(desc.k * static_cast<int64_t>(sizeof(int32_t)), 64) * 64);
}

/// Strips that a block of rows is multiplied by before the next rows: they stay in a core's second-level
/// cache, the rows in its first, and each thread gets several such tasks.
int64_t strips_at_once(const KernelSet& set, const GemmDesc& desc, int64_t tasks, int64_t threads) {
  constexpr int64_t kCacheBytes = int64_t{384} << 10, kTasksPerThread = 4;
  const int64_t strip_bytes =
      std::max<int64_t>(1, desc.k) * set.columns() * static_cast<int64_t>(sizeof(float));
  return std::max<int64_t>(1, std::min(kCacheBytes / strip_bytes, tasks / (threads * kTasksPerThread)));
}

struct Rows {
  int64_t first, count;
};

void multiply(const KernelSet& set, const GemmDesc& desc, const GemmArgs& args, Rows rows, int64_t strip) {
  alignas(64) float sums[KernelSet::kMaxBlock];
  const GemmStrides step(desc);
  const Clamp clamp = clamp_of(desc.activation);
  const auto* packed =
      reinterpret_cast<const float*>(static_cast<const std::byte*>(args.b) + table_bytes(desc));
  const int64_t column = strip * set.columns(), columns = std::min(set.columns(), desc.n - column);
  set.run(rows.count, columns,
          {.depth = desc.k,
           .a = args.a + rows.first * step.a_row,
           .a_row = step.a_row,
           .a_step = step.a_term,
           .b = packed + column * desc.k,
           .b_offsets = static_cast<const int32_t*>(args.b),
           .c = sums});
  const int64_t first_bias = rows.first * desc.bias_row_stride + column * desc.bias_column_stride;
  set.finish({.c = sums,
              .rows = rows.count,
              .columns = columns,
              .alpha = desc.alpha,
              .bias = desc.has_bias ? args.bias + first_bias : nullptr,
              .bias_row = desc.bias_row_stride,
              .bias_column = desc.bias_column_stride,
              .out = args.c + rows.first * step.c_row + column,
              .out_row = step.c_row,
              .low = clamp.low,
              .high = clamp.high});
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
  const GemmStrides step(desc);
  for (int64_t k = 0; k < desc.k; ++k) {
    offsets[k] = static_cast<int32_t>(k * columns);
    for (int64_t strip = 0; strip < count; ++strip) {
      const int64_t first = strip * columns, width = std::min(columns, desc.n - first);
      float* row = strips + (strip * desc.k + k) * columns;
      if (desc.transpose_b)
        for (int64_t j = 0; j < width; ++j) row[j] = b[(first + j) * step.b_column + k];
      else
        std::copy_n(b + k * step.b_term + first, width, row);
      std::fill_n(row + width, columns - width, 0.0F);  // what lies there may be denormal, and is multiplied
    }
  }
}

void gemm(const KernelSet& set, const GemmDesc& desc, const GemmArgs& args, ThreadPool& pool) {
  if (desc.m == 0 || desc.n == 0) return;
  // In as few blocks as there must be, of the same height: 49 rows are 7 times 7, not 6 times 8 and 1.
  const int64_t height = ceil_div(desc.m, ceil_div(desc.m, set.rows));
  const int64_t blocks = ceil_div(desc.m, height), strips = ceil_div(desc.n, set.columns());
  const int64_t group = strips_at_once(set, desc, blocks * strips, pool.threads());
  pool.parallel_for(ceil_div(strips, group) * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i % blocks * height, first = i / blocks * group;
      const Rows rows{row, std::min(height, desc.m - row)};
      for (int64_t strip = first; strip < std::min(first + group, strips); ++strip)
        multiply(set, desc, args, rows, strip);
    }
  });
}

}  // namespace ridgeline::kernels::tile
