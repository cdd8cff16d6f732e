namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::lines {
namespace {
constexpr int kVectorRows = 12;
}
}  // namespace ridgeline::kernels::lines

#include "kernels/lines/widening_dot_body.h"
// after what it calls
#include "kernels/lines/dot_body.h"
#include "kernels/lines/vector_sums_body.h"

namespace ridgeline::kernels::lines {

const DotKernels& avx512_dots() {
  static constexpr DotKernels kKernels{multiply<VectorSums>};
  return kKernels;
}

}  // namespace ridgeline::kernels::lines
