#pragma once

#include <array>

#include "vision/image.h"
#include "vision/resize.h"

namespace ridgeline::vision {

/// Where each output position lies in the input: x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y + m[5].
using AffineMatrix = std::array<double, 6>;

/// x' = x + amount · y, about the top left corner; y likewise.
AffineMatrix shear_x(double amount);
AffineMatrix shear_y(double amount);
AffineMatrix translation(double x, double y);
/// Counter-clockwise about the centre.
AffineMatrix rotation(double degrees, int width, int height);

/// Writes what `matrix` brings from `image` to `out`, of the same size; outside is black. As Pillow's
/// Image.transform, nearest or bilinear (also in place of bicubic).
void transform_affine(const Image& image, const AffineMatrix& matrix, Interpolation interpolation,
                      Image& out);

}  // namespace ridgeline::vision
