#pragma once

#include "kernels/bytes/byte_kernels.h"
#include "kernels/lines/patch.h"

/// Images of up to four channels that lie as ONNX has them become pixels, which lines::PixelPatch lays.
namespace ridgeline::kernels::bytes {

enum class Pixels {
  /// Of eight steps: four channels of a row and of the row that the next tap down meets, so that two rows of
  /// taps are one, and few lines have all terms.
  kPaired,
  /// Of the channels that there are, so that terms are as few as can be.
  kDense,
};

/// The window over such pixels.
inline Window window_of(Pixels pixels, Window window) {
  if (pixels == Pixels::kDense) return window;
  window.kernel[1] = ceil_div(window.kernel[1], int64_t{2});
  window.dilation[1] *= 2;
  return window;
}

inline lines::PixelLayout layout_of(Pixels pixels, int64_t channels) {
  if (pixels == Pixels::kPaired) return {.taps_of_line = 8, .bytes = 8};
  return {.taps_of_line = lines::kLineBytes / channels, .bytes = channels};
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

/// A patch, and the window that it was made for, of such pixels.
struct PixelPlace {
  Pixels pixels;
  const lines::PixelPatch& patch;
  const Window& window;
};
void fill_pixels(const ByteKernels& kernels, const PixelPlace& place, const PlaneImage& image,
                 const lines::Band& band, std::byte* to);
void fill_pixels(const ByteKernels& kernels, const PixelPlace& place, const LevelImage& image,
                 const lines::Band& band, std::byte* to);

}  // namespace ridgeline::kernels::bytes
