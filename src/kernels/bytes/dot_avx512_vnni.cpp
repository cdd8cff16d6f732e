namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::lines {
namespace {

constexpr int kVectorRows = 14;

/// sums + the products of four u8 with four i8.
inline vector::Ints dot(vector::Ints sums, vector::Ints a, vector::Ints b) {
  return reinterpret_cast<vector::Ints>(_mm512_dpbusd_epi32(
      reinterpret_cast<__m512i>(sums), reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}

}  // namespace
}  // namespace ridgeline::kernels::lines

#include "kernels/bytes/dot_body.h"
#include "kernels/lines/vector_sums_body.h"

namespace ridgeline::kernels::bytes {

const DotKernels& avx512_vnni_dots() {
  static constexpr DotKernels kKernels{multiply<lines::VectorSums>};
  return kKernels;
}

}  // namespace ridgeline::kernels::bytes
