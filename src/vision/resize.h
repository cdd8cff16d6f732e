#pragma once

#include "vision/image.h"

namespace ridgeline::vision {

/// Bilinear with antialiasing, as Pillow's BILINEAR (which torchvision's Resize uses on PIL images): a
/// triangle filter whose support grows with the shrink factor, 22-bit fixed-point weights, each pass rounded
/// to 8 bits, horizontal first. Requires width, height ≥ 1.
Image resize_bilinear(const Image& image, int width, int height);

/// The rectangle whose top-left corner is (left, top); parts outside the image are black.
Image crop(const Image& image, int left, int top, int width, int height);

}  // namespace ridgeline::vision
