namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/bytes/byte_kernels_body.h"

namespace ridgeline::kernels::bytes {

const ByteKernels& avx512_vbmi_bytes() { return kKernels; }

}  // namespace ridgeline::kernels::bytes
