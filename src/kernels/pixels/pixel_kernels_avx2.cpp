namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/pixels/pixel_kernels_body.h"

namespace ridgeline::kernels::pixels {

const PixelKernels& avx2_pixels() {
  static constexpr PixelKernels kKernels{"pixels_avx2", to_floats};
  return kKernels;
}

}  // namespace ridgeline::kernels::pixels
