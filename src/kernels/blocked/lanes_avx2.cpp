namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::blocked {
namespace {
constexpr int kColumns = 4;  // 8 sums, 6 inputs of a step of 1 and a tap: 15 of 16 registers
}
}  // namespace ridgeline::kernels::blocked

#include "kernels/blocked/lanes_body.h"

namespace ridgeline::kernels::blocked {

const LaneKernels& avx2_lanes() { return kLaneKernels; }

}  // namespace ridgeline::kernels::blocked
