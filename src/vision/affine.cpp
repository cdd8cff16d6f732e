#include "vision/affine.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ridgeline::vision {
namespace {

struct Point {
  double x, y;
};

bool is_outside(const Image& image, const Point& at) {
  return !(at.x >= 0 && at.x < image.width && at.y >= 0 && at.y < image.height);
}

void take_nearest(const Image& image, const Point& at, uint8_t* out) {
  std::copy_n(image.pixel(static_cast<int>(at.x), static_cast<int>(at.y)), 3, out);
}

void take_bilinear(const Image& image, const Point& at, uint8_t* out) {
  const double x = at.x - 0.5;
  const double y = at.y - 0.5;
  const int left = static_cast<int>(std::floor(x));
  const int top = static_cast<int>(std::floor(y));
  const auto column = [&](int position) { return std::clamp(position, 0, image.width - 1); };
  const auto row = [&](int position) { return std::clamp(position, 0, image.height - 1); };
  const uint8_t* a = image.pixel(column(left), row(top));
  const uint8_t* b = image.pixel(column(left + 1), row(top));
  const uint8_t* c = image.pixel(column(left), row(top + 1));
  const uint8_t* d = image.pixel(column(left + 1), row(top + 1));
  const double along_x = x - left;
  const double along_y = y - top;
  for (int channel = 0; channel < 3; ++channel) {
    const double upper = a[channel] + (b[channel] - a[channel]) * along_x;
    const double lower = c[channel] + (d[channel] - c[channel]) * along_x;
    out[channel] = static_cast<uint8_t>(upper + (lower - upper) * along_y);
  }
}

}  // namespace

AffineMatrix shear_x(double amount) { return {1, amount, 0, 0, 1, 0}; }
AffineMatrix shear_y(double amount) { return {1, 0, 0, amount, 1, 0}; }
AffineMatrix translation(double x, double y) { return {1, 0, -x, 0, 1, -y}; }

AffineMatrix rotation(double degrees, int width, int height) {
  const double angle = -degrees * std::numbers::pi / 180;
  const double x = width / 2.0;
  const double y = height / 2.0;
  // Rounded as Pillow does, so that a quarter turn has zeros in it.
  const auto rounded = [](double value) { return std::nearbyint(value * 1e15) / 1e15; };
  const double cosine = rounded(std::cos(angle));
  const double sine = rounded(std::sin(angle));
  return {cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y};
}

void transform_affine(const Image& image, const AffineMatrix& matrix, Interpolation interpolation,
                      Image& out) {
  out.reshape(image.width, image.height);
  uint8_t* target = out.rgb.data();
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x, target += 3) {
      const double from_x = x + 0.5;
      const double from_y = y + 0.5;
      const Point at{matrix[0] * from_x + matrix[1] * from_y + matrix[2],
                     matrix[3] * from_x + matrix[4] * from_y + matrix[5]};
      if (is_outside(image, at))
        std::fill_n(target, 3, uint8_t{0});
      else if (interpolation == Interpolation::kNearest)
        take_nearest(image, at, target);
      else
        take_bilinear(image, at, target);
    }
  }
}

}  // namespace ridgeline::vision
