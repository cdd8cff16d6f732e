#pragma once

#include <array>
#include <span>

#include "base/status.h"
#include "tensor/shape.h"
#include "vision/image.h"
#include "vision/resize.h"

namespace ridgeline::vision {

enum class ColorOrder { kRgb, kBgr };
enum class Layout { kNchw, kNhwc };

/// How pixels become a classifier's input: resize, centre crop, scale to [0, 1], normalise per channel, FP32.
struct Preprocessing {
  int resize_shorter = 256;  ///< the shorter side after the resize, pixels
  int crop = 224;            ///< side of the centre crop, pixels
  Interpolation interpolation = Interpolation::kBilinear;
  std::array<float, 3> mean = {0.485F, 0.456F, 0.406F};  ///< of the channels as `color_order` has them
  std::array<float, 3> stddev = {0.229F, 0.224F, 0.225F};
  ColorOrder color_order = ColorOrder::kRgb;
  Layout layout = Layout::kNchw;

  /// Torchvision's evaluation recipe for an input of `size`: the shorter side becomes 256/224 of it.
  static Preprocessing for_size(int size);
  /// 3 × crop × crop or crop × crop × 3, behind `batch`.
  Shape batch_shape(int64_t batch) const;
  bool operator==(const Preprocessing&) const = default;
};

/// The resized centre crop, before it becomes numbers; parts outside the resized image are black.
void resize_and_crop(const ImageView& image, const Preprocessing& how, Resizer& resizer, Image& out);

/// Writes one image of batch_shape's layout. kInvalidArgument when `out` has another size.
Status preprocess(const Image& image, const Preprocessing& how, std::span<float> out);

}  // namespace ridgeline::vision
