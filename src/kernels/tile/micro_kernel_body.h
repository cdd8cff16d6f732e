// Included by one file per instruction set, which sets kLanes, kRows and kVectors. Everything is local to
// that file, so that no other can be linked to code which its CPU lacks.

#include "kernels/tile/micro_kernel.h"

namespace ridgeline::kernels::tile {
namespace {

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));
using UnalignedVector =
    float __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

template <int rows, int vectors>
void multiply(const Product& product) {
  Vector sums[rows][vectors] = {};
  const float* a = product.a;
  const int64_t a_row = product.a_row, a_step = product.a_step, depth = product.depth;
  for (int64_t p = 0; p < depth; ++p, a += a_step) {
    const float* b = product.b + product.b_offsets[p];
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

void finish(const Finish& f) {
  for (int64_t i = 0; i < f.rows; ++i) {
    const float* c = f.c + i * kVectors * kLanes;
    float* out = f.out + i * f.out_row;
    const float* residual = f.residual != nullptr ? f.residual + i * f.out_row : nullptr;
    for (int64_t j = 0; j < f.columns; ++j) {
      float value = f.alpha * c[j];
      if (f.bias != nullptr) value += f.bias[i * f.bias_row + j * f.bias_column];
      if (residual != nullptr) value += residual[j];
      value = value < f.low ? f.low : value;
      out[j] = value > f.high ? f.high : value;
    }
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
