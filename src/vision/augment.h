#pragma once

#include <array>

#include "base/rng.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// What training does to a picture, in the order of torchvision's classification reference: a random crop
/// resized to the input, a mirror image, colours, erasing; mixing works on whole batches.
struct Augmentation {
  std::array<double, 2> scale = {0.08, 1.0};             ///< the crop's share of the area, from and to
  std::array<double, 2> ratio = {3.0 / 4.0, 4.0 / 3.0};  ///< the crop's width / height, from and to
  double flip = 0.5;                                     ///< probability of a mirror image
  double mixup_alpha = 0;   ///< of the Beta distribution that weighs two pictures; 0 is off
  double cutmix_alpha = 0;  ///< the same for a patch of another picture; with both, one is drawn per batch
};

/// Draws a crop of a width × height picture as torchvision's RandomResizedCrop.get_params does: ten tries,
/// then the largest centred rectangle of an allowed ratio.
Rectangle draw_crop(int width, int height, const Augmentation& how, Rng& random);

}  // namespace ridgeline::vision
