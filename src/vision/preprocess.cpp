#include "vision/preprocess.h"

#include <algorithm>
#include <cmath>

#include "vision/resize.h"

namespace ridgeline::vision {
namespace {

Image resize_shorter_side(const Image& image, int shorter) {
  // Torchvision truncates the longer side.
  const auto scaled = [&](int longer, int base) {
    return std::max(1, static_cast<int>(static_cast<int64_t>(shorter) * longer / base));
  };
  if (image.width <= image.height) return resize_bilinear(image, shorter, scaled(image.height, image.width));
  return resize_bilinear(image, scaled(image.width, image.height), shorter);
}

int center_offset(int size, int crop_size) {
  return static_cast<int>(std::nearbyint((size - crop_size) / 2.0));
}

}  // namespace

Preprocessing Preprocessing::for_size(int size) {
  Preprocessing how;
  how.crop = size;
  how.resize_shorter = static_cast<int>(std::lround(size * 256.0 / 224.0));
  return how;
}

Status preprocess(const Image& image, const Preprocessing& how, std::span<float> out) {
  const size_t plane = static_cast<size_t>(how.crop) * static_cast<size_t>(how.crop);
  if (out.size() != plane * 3)
    return invalid_argument("a {}x{} crop fills {} floats, not {}", how.crop, how.crop, plane * 3,
                            out.size());
  const Image resized = resize_shorter_side(image, how.resize_shorter);
  const Image cropped = crop(resized, center_offset(resized.width, how.crop),
                             center_offset(resized.height, how.crop), how.crop, how.crop);
  for (size_t c = 0; c < 3; ++c) {
    const float scale = 1.0F / (255.0F * how.stddev[c]);
    const float shift = how.mean[c] / how.stddev[c];
    for (size_t i = 0; i < plane; ++i)
      out[c * plane + i] = static_cast<float>(cropped.rgb[i * 3 + c]) * scale - shift;
  }
  return {};
}

}  // namespace ridgeline::vision
