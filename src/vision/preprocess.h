#pragma once

#include <array>
#include <span>

#include "base/status.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// How pixels become a classifier's input: resize, centre crop, scale to [0, 1], normalise per RGB channel,
/// NCHW FP32.
struct Preprocessing {
  int resize_shorter = 256;  ///< the shorter side after the resize, pixels
  int crop = 224;            ///< side of the centre crop, pixels
  std::array<float, 3> mean = {0.485F, 0.456F, 0.406F};
  std::array<float, 3> stddev = {0.229F, 0.224F, 0.225F};

  /// Torchvision's evaluation recipe for an input of `size`: the shorter side becomes 256/224 of it.
  static Preprocessing for_size(int size);
};

/// Writes 3 × crop × crop floats, planes R, G, B. kInvalidArgument when `out` has another size.
Status preprocess(const Image& image, const Preprocessing& how, std::span<float> out);

}  // namespace ridgeline::vision
