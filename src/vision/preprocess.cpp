#include "vision/preprocess.h"

#include <algorithm>
#include <cmath>

#include "vision/normalise.h"

namespace ridgeline::vision {
namespace {

Image resize_shorter_side(const ImageView& image, const Preprocessing& how, Resizer& resizer) {
  // Torchvision truncates the longer side.
  const auto scaled = [&](int longer, int base) {
    return std::max(1, static_cast<int>(static_cast<int64_t>(how.resize_shorter) * longer / base));
  };
  const bool upright = image.width <= image.height;
  const int width = upright ? how.resize_shorter : scaled(image.width, image.height);
  const int height = upright ? scaled(image.height, image.width) : how.resize_shorter;
  Image resized(width, height);
  resizer.resize(image, whole_box(image), width, height, how.interpolation, resized.rgb.data());
  return resized;
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

Shape Preprocessing::batch_shape(int64_t batch) const {
  return layout == Layout::kNchw ? Shape{batch, 3, crop, crop} : Shape{batch, crop, crop, 3};
}

void resize_and_crop(const ImageView& image, const Preprocessing& how, Resizer& resizer, Image& out) {
  const Image resized = resize_shorter_side(image, how, resizer);
  out = crop(resized, center_offset(resized.width, how.crop), center_offset(resized.height, how.crop),
             how.crop, how.crop);
}

Status preprocess(const Image& image, const Preprocessing& how, std::span<float> out) {
  const size_t plane = static_cast<size_t>(how.crop) * static_cast<size_t>(how.crop);
  if (out.size() != plane * 3)
    return invalid_argument("a {}x{} crop fills {} floats, not {}", how.crop, how.crop, plane * 3,
                            out.size());
  Resizer resizer;
  Image cropped;
  resize_and_crop(view_of(image), how, resizer, cropped);
  Normaliser(how, how.layout, DType::kF32).write(cropped.rgb, std::as_writable_bytes(out));
  return {};
}

}  // namespace ridgeline::vision
