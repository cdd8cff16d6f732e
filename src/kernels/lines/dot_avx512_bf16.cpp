#include <immintrin.h>

namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::lines {
namespace {

constexpr int kVectorRows = 14;

inline vector::Vector dot(vector::Vector sum, vector::Ints a, vector::Ints b) {
  return reinterpret_cast<vector::Vector>(_mm512_dpbf16_ps(
      reinterpret_cast<__m512>(sum), reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b)));
}

}  // namespace
}  // namespace ridgeline::kernels::lines

#include "kernels/lines/dot_body.h"
#include "kernels/lines/vector_sums_body.h"

namespace ridgeline::kernels::lines {

const DotKernels& avx512_bf16_dots() {
  static constexpr DotKernels kKernels{multiply_singles<VectorSums>};
  return kKernels;
}

}  // namespace ridgeline::kernels::lines
