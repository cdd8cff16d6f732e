namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::blocked {
namespace {
constexpr int kColumns = 7;  // 14 sums, 9 to 15 inputs and a tap: at most 30 of 32 registers
}
}  // namespace ridgeline::kernels::blocked

#include "kernels/blocked/lanes_body.h"

namespace ridgeline::kernels::blocked {

const LaneKernels& avx512_lanes() { return kLaneKernels; }

}  // namespace ridgeline::kernels::blocked
