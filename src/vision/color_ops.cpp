#include "vision/color_ops.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ridgeline::vision {
namespace {

using Levels = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

uint8_t clamped(double value) { return static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)); }

/// Pillow's blend: from a degenerate level towards (and past) the picture's.
uint8_t blended(int degenerate, int level, float factor) {
  const float value = static_cast<float>(degenerate) + factor * static_cast<float>(level - degenerate);
  return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

/// ITU-R BT.601 in Pillow's 16-bit fixed point.
int luma(const uint8_t* rgb) { return (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16; }

template <typename LevelOf>
Levels levels(const LevelOf& level_of) {
  Levels table{};
  for (size_t i = 0; i < table.size(); ++i) table[i] = level_of(static_cast<int>(i));
  return table;
}

void apply(const Levels& table, Image& image) {
  for (uint8_t& value : image.rgb) value = table[value];
}

template <typename TableOf>
void apply_per_channel(Image& image, const TableOf& table_of) {
  for (size_t c = 0; c < 3; ++c) {
    Histogram histogram{};
    for (size_t i = c; i < image.rgb.size(); i += 3) ++histogram[image.rgb[i]];
    const Levels table = table_of(histogram);
    for (size_t i = c; i < image.rgb.size(); i += 3) image.rgb[i] = table[image.rgb[i]];
  }
}

Levels stretched(const Histogram& histogram) {
  int low = 0;
  int high = 255;
  while (low < 255 && histogram[static_cast<size_t>(low)] == 0) ++low;
  while (high > 0 && histogram[static_cast<size_t>(high)] == 0) --high;
  if (high <= low) return levels([](int i) { return static_cast<uint8_t>(i); });
  const double scale = 255.0 / (high - low);
  return levels([&](int i) { return clamped(i * scale - low * scale); });
}

Levels equalized(const Histogram& histogram) {
  int64_t total = 0;
  int64_t last = 0;
  for (const int64_t count : histogram) {
    total += count;
    if (count > 0) last = count;
  }
  const int64_t step = (total - last) / 255;
  if (step == 0) return levels([](int i) { return static_cast<uint8_t>(i); });
  int64_t sum = step / 2;
  return levels([&](int i) {
    const int64_t level = sum / step;
    sum += histogram[static_cast<size_t>(i)];
    return static_cast<uint8_t>(std::min<int64_t>(level, 255));
  });
}

struct Hsv {
  int hue, saturation, value;
};

Hsv to_hsv(const uint8_t* rgb) {
  const int r = rgb[0];
  const int g = rgb[1];
  const int b = rgb[2];
  const int most = std::max({r, g, b});
  const int least = std::min({r, g, b});
  if (most == least) return {0, 0, most};
  const auto range = static_cast<float>(most - least);
  const auto gap = [&](int channel) { return static_cast<float>(most - channel) / range; };
  double hue = 0;
  if (r == most)
    hue = gap(b) - gap(g);
  else if (g == most)
    hue = 2.0 + gap(r) - gap(b);
  else
    hue = 4.0 + gap(g) - gap(r);
  hue = std::fmod(static_cast<float>(hue) / 6.0 + 1.0, 1.0);
  return {static_cast<int>(hue * 255.0), static_cast<int>(range / static_cast<float>(most) * 255.0), most};
}

void from_hsv(const Hsv& hsv, uint8_t* rgb) {
  const double sixths = hsv.hue * 6.0 / 255.0;
  const int sector = static_cast<int>(sixths);
  const double rest = sixths - sector;
  const double saturation = hsv.saturation / 255.0;
  const auto level = [&](double share) {
    return static_cast<uint8_t>(std::lround(hsv.value * (1.0 - share)));
  };
  const auto v = static_cast<uint8_t>(hsv.value);
  const uint8_t p = level(saturation);
  const uint8_t q = level(saturation * rest);
  const uint8_t t = level(saturation * (1.0 - rest));
  const std::array<std::array<uint8_t, 3>, 6> sectors = {
      {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}}};
  std::copy_n(sectors[static_cast<size_t>(sector % 6)].data(), 3, rgb);
}

}  // namespace

void adjust_brightness(Image& image, float factor) {
  apply(levels([&](int i) { return blended(0, i, factor); }), image);
}

void adjust_contrast(Image& image, float factor) {
  int64_t sum = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3) sum += luma(&image.rgb[i]);
  const auto pixels = static_cast<double>(image.rgb.size() / 3);
  const int mean = static_cast<int>(static_cast<double>(sum) / pixels + 0.5);
  apply(levels([&](int i) { return blended(mean, i, factor); }), image);
}

void adjust_saturation(Image& image, float factor) {
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    const int gray = luma(&image.rgb[i]);
    for (size_t c = 0; c < 3; ++c) image.rgb[i + c] = blended(gray, image.rgb[i + c], factor);
  }
}

void adjust_sharpness(Image& image, float factor, Image& scratch) {
  scratch = image;
  const ptrdiff_t pitch = static_cast<ptrdiff_t>(image.width) * 3;
  // The outermost pixels are not smoothed.
  for (int y = 1; y + 1 < image.height; ++y)
    for (ptrdiff_t i = 3; i < pitch - 3; ++i) {
      const uint8_t* at = scratch.pixel(0, y) + i;
      int sum = 4 * at[0];
      for (const ptrdiff_t row : {-pitch, ptrdiff_t{0}, pitch}) sum += at[row - 3] + at[row] + at[row + 3];
      uint8_t& target = image.pixel(0, y)[i];
      target = blended((2 * sum + 13) / 26, target, factor);
    }
}

void adjust_hue(Image& image, double turn) {
  const int shift = static_cast<int>(turn * 255);
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    Hsv hsv = to_hsv(&image.rgb[i]);
    hsv.hue = (hsv.hue + shift) & 255;
    from_hsv(hsv, &image.rgb[i]);
  }
}

void posterize(Image& image, int bits) {
  const int mask = ~((1 << (8 - bits)) - 1);
  apply(levels([&](int i) { return static_cast<uint8_t>(i & mask); }), image);
}

void solarize(Image& image, double threshold) {
  apply(levels([&](int i) { return static_cast<uint8_t>(i < threshold ? i : 255 - i); }), image);
}

void autocontrast(Image& image) { apply_per_channel(image, stretched); }

void equalize(Image& image) { apply_per_channel(image, equalized); }

}  // namespace ridgeline::vision
