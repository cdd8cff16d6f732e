namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/pixels/pixel_kernels_body.h"

namespace ridgeline::kernels::pixels {

const PixelKernels& avx512_pixels() {
  static constexpr PixelKernels kKernels{"pixels_avx512", to_floats};
  return kKernels;
}

}  // namespace ridgeline::kernels::pixels
