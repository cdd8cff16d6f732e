#pragma once

#include <array>

#include "base/rng.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// How far colours may go, as torchvision's ColorJitter: factors between 1 - x and 1 + x, the hue between
/// -hue and hue (at most 0.5), in random order. Zeros are off.
struct ColorJitter {
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;
};

/// What training does to a picture, in the order of torchvision's classification reference: a random crop
/// resized to the input, a mirror image, colours, erasing; mixing works on whole batches.
struct Augmentation {
  std::array<double, 2> scale = {0.08, 1.0};             ///< the crop's share of the area, from and to
  std::array<double, 2> ratio = {3.0 / 4.0, 4.0 / 3.0};  ///< the crop's width / height, from and to
  double flip = 0.5;                                     ///< probability of a mirror image
  ColorJitter jitter;
  bool trivial_augment = false;  ///< one operation of TrivialAugment's wide space
  double erase = 0;              ///< probability of a random rectangle of zeros, after normalisation
  double mixup_alpha = 0;        ///< of the Beta distribution that weighs two pictures; 0 is off
  double cutmix_alpha = 0;  ///< the same for a patch of another picture; with both, one is drawn per batch
};

/// Draws a crop of a width × height picture as torchvision's RandomResizedCrop.get_params does: ten tries,
/// then the largest centred rectangle of an allowed ratio.
Rectangle draw_crop(int width, int height, const Augmentation& how, Rng& random);

/// Draws what torchvision's RandomErasing (2 to 33 % of the area, ratios 0.3 to 3.3) wipes out of a side ×
/// side picture: empty after ten tries that fit nowhere.
Rectangle draw_erasure(int side, Rng& random);

void jitter_colors(const ColorJitter& how, Rng& random, Image& image);

}  // namespace ridgeline::vision
