#pragma once

#include "kernels/bytes/byte_kernels.h"
#include "kernels/lines/patch.h"

/// Images of up to four channels that lie as ONNX has them become pixels of eight steps: four channels of a
/// row and of the row that the next tap down meets. So two rows of taps are one, and lines::PixelPatch lays
/// them.
namespace ridgeline::kernels::bytes {

/// The window over pixels of two rows.
inline Window paired_window(Window window) {
  window.kernel[1] = ceil_div(window.kernel[1], int64_t{2});
  window.dilation[1] *= 2;
  return window;
}

/// An image as ONNX has it.
struct PlaneImage {
  const uint8_t* planes = nullptr;
  int64_t channels = 1;
  uint8_t flip = 0;
  uint8_t zero = 0;  ///< point, from the type's lowest
};

/// An image that is there as bytes whose levels stand for steps.
struct LevelImage {
  const pixels::PixelImage& image;
  const uint8_t* levels = nullptr;
  uint8_t flip = 0;
  uint8_t zero = 0;
};

/// `window` is the paired one, as the patch's.
void fill_pixels(const ByteKernels& kernels, const lines::PixelPatch& patch, const Window& window,
                 const PlaneImage& image, const lines::Band& band, std::byte* to);
void fill_pixels(const ByteKernels& kernels, const lines::PixelPatch& patch, const Window& window,
                 const LevelImage& image, const lines::Band& band, std::byte* to);

}  // namespace ridgeline::kernels::bytes
