#include "vision/resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ridgeline::vision {
namespace {

constexpr int kWeightBits = 22;

/// Which input positions make one output position, and how much each weighs.
struct Taps {
  int first = 0;
  std::vector<int32_t> weights;
};

Taps taps_at(int position, double scale, int input_size) {
  const double stretch = std::max(scale, 1.0);
  const double center = (position + 0.5) * scale;
  Taps taps;
  taps.first = std::max(0, static_cast<int>(center - stretch + 0.5));
  const int last = std::min(input_size, static_cast<int>(center + stretch + 0.5));
  std::vector<double> weights;
  double sum = 0;
  for (int i = taps.first; i < last; ++i) {
    const double distance = std::abs((i - center + 0.5) / stretch);
    weights.push_back(std::max(0.0, 1.0 - distance));
    sum += weights.back();
  }
  for (const double weight : weights)
    taps.weights.push_back(static_cast<int32_t>(std::lround(weight / sum * (1 << kWeightBits))));
  return taps;
}

std::vector<Taps> taps_for(int input_size, int output_size) {
  const double scale = static_cast<double>(input_size) / output_size;
  std::vector<Taps> taps;
  for (int position = 0; position < output_size; ++position)
    taps.push_back(taps_at(position, scale, input_size));
  return taps;
}

/// `stride` bytes lie between the samples that the taps weigh.
uint8_t weigh(const Taps& taps, const uint8_t* first, ptrdiff_t stride) {
  int32_t sum = 1 << (kWeightBits - 1);
  for (const int32_t weight : taps.weights) {
    sum += weight * *first;
    first += stride;
  }
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

Image resize_rows(const Image& image, int width) {
  Image out(width, image.height);
  const std::vector<Taps> taps = taps_for(image.width, width);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const Taps& at = taps[static_cast<size_t>(x)];
        out.pixel(x, y)[c] = weigh(at, image.pixel(at.first, y) + c, 3);
      }
  return out;
}

Image resize_columns(const Image& image, int height) {
  Image out(image.width, height);
  const std::vector<Taps> taps = taps_for(image.height, height);
  const ptrdiff_t pitch = static_cast<ptrdiff_t>(image.width) * 3;
  for (int y = 0; y < height; ++y) {
    const Taps& at = taps[static_cast<size_t>(y)];
    const uint8_t* source = image.pixel(0, at.first);
    uint8_t* target = out.pixel(0, y);
    for (ptrdiff_t i = 0; i < pitch; ++i) target[i] = weigh(at, source + i, pitch);
  }
  return out;
}

}  // namespace

Image resize_bilinear(const Image& image, int width, int height) {
  if (width == image.width && height == image.height) return image;
  if (width == image.width) return resize_columns(image, height);
  if (height == image.height) return resize_rows(image, width);
  return resize_columns(resize_rows(image, width), height);
}

Image crop(const Image& image, int left, int top, int width, int height) {
  Image out(width, height);
  const int from_x = std::max(left, 0);
  const int to_x = std::min(left + width, image.width);
  for (int y = std::max(top, 0); y < std::min(top + height, image.height); ++y)
    if (from_x < to_x)
      std::copy_n(image.pixel(from_x, y), static_cast<size_t>(to_x - from_x) * 3,
                  out.pixel(from_x - left, y - top));
  return out;
}

}  // namespace ridgeline::vision
