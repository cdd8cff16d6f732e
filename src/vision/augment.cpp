#include "vision/augment.h"

#include <cmath>

namespace ridgeline::vision {
namespace {

int rounded_to_even(double value) { return static_cast<int>(std::nearbyint(value)); }

Rectangle centred_crop(int width, int height, const std::array<double, 2>& ratio) {
  const double whole = static_cast<double>(width) / height;
  Rectangle crop{0, 0, width, height};
  if (whole < ratio[0]) crop.height = rounded_to_even(width / ratio[0]);
  if (whole > ratio[1]) crop.width = rounded_to_even(height * ratio[1]);
  crop.left = (width - crop.width) / 2;
  crop.top = (height - crop.height) / 2;
  return crop;
}

}  // namespace

Rectangle draw_crop(int width, int height, const Augmentation& how, Rng& random) {
  constexpr int kTries = 10;
  const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
  const double area = static_cast<double>(width) * height;
  for (int i = 0; i < kTries; ++i) {
    const double target = area * between(how.scale[0], how.scale[1]);
    const double ratio = std::exp(between(std::log(how.ratio[0]), std::log(how.ratio[1])));
    const int w = rounded_to_even(std::sqrt(target * ratio));
    const int h = rounded_to_even(std::sqrt(target / ratio));
    if (w <= 0 || h <= 0 || w > width || h > height) continue;
    const int top = static_cast<int>(random.below(static_cast<uint64_t>(height - h + 1)));
    const int left = static_cast<int>(random.below(static_cast<uint64_t>(width - w + 1)));
    return {left, top, w, h};
  }
  return centred_crop(width, height, how.ratio);
}

}  // namespace ridgeline::vision
