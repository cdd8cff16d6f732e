#pragma once

#include <vector>

#include "vision/image.h"

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

/// Which input positions make each output position along one axis, and how much each weighs.
struct Taps {
  struct Range {
    int first = 0;
    int count = 0;
  };
  std::vector<Range> ranges;  ///< one for each output position
  std::vector<int32_t>
      weights;  ///< 22 fraction bits; `stride` for each output position, zeros past its range
  int stride = 0;
};

/// Resizes without allocating once warm. One thread at a time uses a Resizer.
class Resizer {
 public:
  /// Scales `box` of `in` to width × height RGB pixels in `out`. The filter reaches pixels outside the box,
  /// as in Pillow, and none outside the image. Byte for byte Pillow's result: 22-bit fixed-point weights,
  /// each pass rounded to 8 bits, horizontal first. Requires a box within the image, width and height ≥ 1.
  void resize(const ImageView& in, const Box& box, int width, int height, Interpolation interpolation,
              uint8_t* out);

 private:
  void weigh_taps(Taps& taps, int input_size, double from, double to, Interpolation interpolation);
  static void resize_nearest(const ImageView& in, const Box& box, int width, int height, uint8_t* out);

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
