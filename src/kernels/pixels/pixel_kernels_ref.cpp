namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 4;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/pixels/pixel_kernels_body.h"

namespace ridgeline::kernels::pixels {

const PixelKernels& ref_pixels() {
  static constexpr PixelKernels kKernels{"pixels_ref", to_floats};
  return kKernels;
}

}  // namespace ridgeline::kernels::pixels
