namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::blocked {
namespace {
constexpr int kTogether = 8;
}
}  // namespace ridgeline::kernels::blocked

#include "kernels/blocked/lanes_body.h"

namespace ridgeline::kernels::blocked {

const LaneKernels& avx2_lanes() { return kLaneKernels; }

}  // namespace ridgeline::kernels::blocked
