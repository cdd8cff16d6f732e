namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/blocked/lanes_body.h"

namespace ridgeline::kernels::blocked {

const LaneKernels& avx2_lanes() { return kLaneKernels; }

}  // namespace ridgeline::kernels::blocked
