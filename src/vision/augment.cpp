#include "vision/augment.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "vision/color_ops.h"

namespace ridgeline::vision {
namespace {

constexpr int kTries = 10;

double between(double low, double high, Rng& random) { return low + (high - low) * random.uniform(); }

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
  const double area = static_cast<double>(width) * height;
  for (int i = 0; i < kTries; ++i) {
    const double target = area * between(how.scale[0], how.scale[1], random);
    const double ratio = std::exp(between(std::log(how.ratio[0]), std::log(how.ratio[1]), random));
    const int w = rounded_to_even(std::sqrt(target * ratio));
    const int h = rounded_to_even(std::sqrt(target / ratio));
    if (w <= 0 || h <= 0 || w > width || h > height) continue;
    const int top = static_cast<int>(random.below(static_cast<uint64_t>(height - h + 1)));
    const int left = static_cast<int>(random.below(static_cast<uint64_t>(width - w + 1)));
    return {left, top, w, h};
  }
  return centred_crop(width, height, how.ratio);
}

Rectangle draw_erasure(int side, Rng& random) {
  const double area = static_cast<double>(side) * side;
  for (int i = 0; i < kTries; ++i) {
    const double target = area * between(0.02, 0.33, random);
    const double ratio = std::exp(between(std::log(0.3), std::log(3.3), random));
    const int height = rounded_to_even(std::sqrt(target * ratio));
    const int width = rounded_to_even(std::sqrt(target / ratio));
    if (height >= side || width >= side) continue;
    const int top = static_cast<int>(random.below(static_cast<uint64_t>(side - height + 1)));
    const int left = static_cast<int>(random.below(static_cast<uint64_t>(side - width + 1)));
    return {left, top, width, height};
  }
  return {};
}

void jitter_colors(const ColorJitter& how, Rng& random, Image& image) {
  std::array<int, 4> order = {0, 1, 2, 3};
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  const auto factor = [&](double reach) {
    return static_cast<float>(between(std::max(0.0, 1 - reach), 1 + reach, random));
  };
  for (const int step : order) {
    if (step == 0 && how.brightness > 0) adjust_brightness(image, factor(how.brightness));
    if (step == 1 && how.contrast > 0) adjust_contrast(image, factor(how.contrast));
    if (step == 2 && how.saturation > 0) adjust_saturation(image, factor(how.saturation));
    if (step == 3 && how.hue > 0) adjust_hue(image, between(-how.hue, how.hue, random));
  }
}

}  // namespace ridgeline::vision
