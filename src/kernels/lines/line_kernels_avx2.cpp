namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/lines/line_kernels_body.h"

namespace ridgeline::kernels::lines {

const LineKernels& avx2_lines(Numbers numbers) { return kernels_of(numbers); }

}  // namespace ridgeline::kernels::lines
