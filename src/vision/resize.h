#pragma once

#include <vector>

#include "vision/image.h"
#include "vision/resize_kernels.h"

namespace ridgeline::vision {

/// How a resize weighs pixels, under torchvision's names; the arithmetic is Pillow's, which torchvision uses
/// for PIL images. Bilinear and bicubic are antialiased: their support grows with the shrink factor.
enum class Interpolation { kBilinear, kBicubic, kNearest };

/// A rectangle in pixels, whose edges may lie between them.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
};
inline Box whole_box(const ImageView& image) {
  return {0, 0, static_cast<double>(image.width), static_cast<double>(image.height)};
}

/// Resizes without allocating once warm. One thread at a time uses a Resizer.
class Resizer {
 public:
  /// Uses the instructions that the CPU has, or those of `kernels`.
  Resizer();
  explicit Resizer(const ResizeKernels& kernels) : kernels_(&kernels) {}

  /// Scales `box` of `in` to width × height RGB pixels in `out`. The filter reaches pixels outside the box,
  /// as in Pillow, and none outside the image. Byte for byte Pillow's result: 22-bit fixed-point weights,
  /// each pass rounded to 8 bits, horizontal first. Requires a box within the image, width and height ≥ 1.
  void resize(const ImageView& in, const Box& box, int width, int height, Interpolation interpolation,
              uint8_t* out);

 private:
  void weigh_taps(Taps& taps, int input_size, double from, double to, Interpolation interpolation);
  static void resize_nearest(const ImageView& in, const Box& box, int width, int height, uint8_t* out);

  const ResizeKernels* kernels_;
  Taps columns_;                  ///< of the horizontal pass
  Taps rows_;                     ///< of the vertical pass
  std::vector<uint8_t> between_;  ///< what the horizontal pass has made
  std::vector<double> exact_weights_;
};

/// The whole image at another size of at least 1 × 1.
Image resize(const Image& image, int width, int height, Interpolation interpolation);

/// The rectangle whose top-left corner is (left, top); parts outside the image are black.
Image crop(const Image& image, int left, int top, int width, int height);

}  // namespace ridgeline::vision
