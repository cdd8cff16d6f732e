// Included by one file per instruction set, which sets kLanes, kRows and kVectors. Everything is local to
// that file, so that no other can be linked to code which its CPU lacks.

#include "kernels/tile/micro_kernel.h"

namespace ridgeline::kernels::tile {
namespace {

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));
using UnalignedVector =
    float __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

constexpr int kTermsAhead = 8;  ///< of a packed operand, whose columns are fetched

template <int rows, int vectors>
void multiply(const Product& product) {
  Vector sums[rows][vectors] = {};
  const float* a = product.a;
  const int64_t a_row = product.a_row, a_step = product.a_step, depth = product.depth;
  for (int64_t p = 0; p < depth; ++p, a += a_step) {
    const float* b = product.b + product.b_offsets[p];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) __builtin_prefetch(b + (kTermsAhead * kVectors + v) * kLanes);
    Vector columns[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) columns[v] = *reinterpret_cast<const UnalignedVector*>(b + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) sums[r][v] += a[r * a_row] * columns[v];
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v)
      *reinterpret_cast<UnalignedVector*>(product.c + (r * kVectors + v) * kLanes) = sums[r][v];
}

/// Of `lanes` columns from j on, one of them or a vector's.
template <typename Columns>
Columns load(const float* from) {
  if constexpr (sizeof(Columns) == sizeof(float))
    return *from;
  else
    return *reinterpret_cast<const UnalignedVector*>(from);
}

template <typename Columns>
void finish_columns(const Finish& f, int64_t i, int64_t j) {
  Columns value = f.alpha * load<Columns>(f.c + i * kVectors * kLanes + j);
  if (f.bias != nullptr) {
    const float* bias = f.bias + i * f.bias_row;
    if (f.bias_column == 0)
      value += *bias;
    else
      value += load<Columns>(bias + j);
  }
  if (f.residual != nullptr) value += load<Columns>(f.residual + i * f.out_row + j);
  value = value < f.low ? f.low + Columns{} : value;
  value = value > f.high ? f.high + Columns{} : value;
  if constexpr (sizeof(Columns) == sizeof(float))
    f.out[i * f.out_row + j] = value;
  else
    *reinterpret_cast<UnalignedVector*>(f.out + i * f.out_row + j) = value;
}

void finish(const Finish& f) {
  for (int64_t i = 0; i < f.rows; ++i) {
    int64_t j = 0;
    for (; j + kLanes <= f.columns; j += kLanes) finish_columns<Vector>(f, i, j);
    for (; j < f.columns; ++j) finish_columns<float>(f, i, j);
  }
}

template <int rows>
constexpr void add_row(KernelSet& set) {
  set.multiply[0][rows - 1] = multiply<rows, 1>;
  set.multiply[1][rows - 1] = multiply<rows, 2>;
  set.multiply[2][rows - 1] = multiply<rows, 3>;
  if constexpr (rows > 1) add_row<rows - 1>(set);
}

constexpr KernelSet make_kernels() {
  KernelSet set{.rows = kRows, .vectors = kVectors, .lanes = kLanes, .finish = finish};
  add_row<kRows>(set);
  return set;
}

}  // namespace
}  // namespace ridgeline::kernels::tile
