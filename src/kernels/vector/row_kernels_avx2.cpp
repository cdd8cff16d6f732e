namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/vector/row_kernels_body.h"

namespace ridgeline::kernels::vector {

const RowKernels& avx2_rows() { return kRowKernels; }

}  // namespace ridgeline::kernels::vector
