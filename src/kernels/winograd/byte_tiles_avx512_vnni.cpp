namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::blocked {
namespace {
constexpr bool kFetchesAlong = true;
}
}  // namespace ridgeline::kernels::blocked

#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::winograd {
namespace {

constexpr int kRows = 14;  // 28 of 32 registers hold sums

/// sums + the products of two i16 with two.
inline vector::Ints dot(vector::Ints sums, const float* cell, vector::Ints columns) {
  int32_t pair = 0;
  std::memcpy(&pair, cell, sizeof(pair));
  return reinterpret_cast<vector::Ints>(_mm512_dpwssd_epi32(
      reinterpret_cast<__m512i>(sums), _mm512_set1_epi32(pair), reinterpret_cast<__m512i>(columns)));
}

}  // namespace
}  // namespace ridgeline::kernels::winograd

#include "kernels/winograd/byte_tiles_body.h"
#include "kernels/winograd/cell_product_body.h"

namespace ridgeline::kernels::winograd {

const ByteTileKernels& avx512_vnni_tiles() {
  static constexpr ByteTileKernels kKernels{
      .read_inputs = read_steps,
      .write_results = write_steps,
      .panels = {.positions = kRows, .blocks = kVectors, .multiply = multiply, .copy_every_second = nullptr}};
  return kKernels;
}

}  // namespace ridgeline::kernels::winograd
