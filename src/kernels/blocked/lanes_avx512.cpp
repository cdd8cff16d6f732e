namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/blocked/lanes_body.h"

namespace ridgeline::kernels::blocked {

const LaneKernels& avx512_lanes() { return kLaneKernels; }

}  // namespace ridgeline::kernels::blocked
