#pragma once

#include "vision/image.h"

namespace ridgeline::vision {

/// What Pillow's ImageEnhance and ImageOps do to colours, in their arithmetic. A factor of 1 changes nothing,
/// 0 gives the degenerate picture (black, even gray, without colour, smoothed), larger ones move away from
/// it.
void adjust_brightness(Image& image, float factor);
void adjust_contrast(Image& image, float factor);
void adjust_saturation(Image& image, float factor);
/// `scratch` takes a copy of the image.
void adjust_sharpness(Image& image, float factor, Image& scratch);

/// Turns the hue by a share of the circle, -0.5 to 0.5, through Pillow's 8-bit HSV.
void adjust_hue(Image& image, double turn);

/// Keeps the `bits` (0 to 8) high bits of every level.
void posterize(Image& image, int bits);
/// Inverts the levels from `threshold` on.
void solarize(Image& image, double threshold);
/// Stretches each channel from its lowest and highest level to 0 and 255.
void autocontrast(Image& image);
/// Spreads each channel's levels evenly.
void equalize(Image& image);

}  // namespace ridgeline::vision
