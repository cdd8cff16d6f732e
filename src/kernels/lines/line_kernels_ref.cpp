namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 4;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/lines/line_kernels_body.h"

namespace ridgeline::kernels::lines {

const LineKernels& ref_lines(Numbers numbers) { return kernels_of(numbers); }

}  // namespace ridgeline::kernels::lines
