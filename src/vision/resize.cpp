#include "vision/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace ridgeline::vision {
namespace {

constexpr int kWeightBits = 22;

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// Keys' cubic convolution with a = -1/2.
double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0.0;
}

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255)); }

void weigh_row(const Taps& taps, const uint8_t* in, uint8_t* out) {
  for (size_t x = 0; x < taps.ranges.size(); ++x) {
    const int32_t* weights = &taps.weights[x * static_cast<size_t>(taps.stride)];
    const uint8_t* source = in + static_cast<ptrdiff_t>(taps.ranges[x].first) * 3;
    std::array<int32_t, 3> sums = {1 << (kWeightBits - 1), 1 << (kWeightBits - 1), 1 << (kWeightBits - 1)};
    for (int tap = 0; tap < taps.ranges[x].count; ++tap, source += 3)
      for (size_t c = 0; c < 3; ++c) sums[c] += weights[tap] * source[c];
    for (size_t c = 0; c < 3; ++c) *out++ = rounded(sums[c]);
  }
}

/// One output row from `count` input rows that lie `pitch` bytes apart.
void weigh_columns(const int32_t* weights, int count, const uint8_t* in, ptrdiff_t pitch,
                   std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    int32_t sum = 1 << (kWeightBits - 1);
    for (int tap = 0; tap < count; ++tap) sum += weights[tap] * in[tap * pitch + static_cast<ptrdiff_t>(i)];
    out[i] = rounded(sum);
  }
}

}  // namespace

void Resizer::weigh_taps(Taps& taps, int input_size, double from, double to, Interpolation interpolation) {
  const bool is_cubic = interpolation == Interpolation::kBicubic;
  const double scale = (to - from) / static_cast<double>(taps.ranges.size());
  const double stretch = std::max(scale, 1.0);
  const double support = (is_cubic ? 2.0 : 1.0) * stretch;
  taps.stride = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.weights.assign(taps.ranges.size() * static_cast<size_t>(taps.stride), 0);
  exact_weights_.resize(static_cast<size_t>(taps.stride));
  for (size_t position = 0; position < taps.ranges.size(); ++position) {
    const double center = from + (static_cast<double>(position) + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int count = std::min(input_size, static_cast<int>(center + support + 0.5)) - first;
    taps.ranges[position] = {first, count};
    double sum = 0;
    for (int tap = 0; tap < count; ++tap) {
      const double distance = (tap + first - center + 0.5) * (1.0 / stretch);
      const double weight = is_cubic ? cubic(distance) : triangle(distance);
      exact_weights_[static_cast<size_t>(tap)] = weight;
      sum += weight;
    }
    int32_t* weights = &taps.weights[position * static_cast<size_t>(taps.stride)];
    for (int tap = 0; tap < count; ++tap) {
      const double share = sum == 0.0 ? 0.0 : exact_weights_[static_cast<size_t>(tap)] / sum;
      weights[tap] = static_cast<int32_t>(share * (1 << kWeightBits) + (share < 0 ? -0.5 : 0.5));
    }
  }
}

void Resizer::resize_nearest(const ImageView& in, const Box& box, int width, int height, uint8_t* out) {
  const double step_x = (box.right - box.left) / width;
  const double step_y = (box.bottom - box.top) / height;
  double from_y = box.top + step_y * 0.5;
  for (int y = 0; y < height; ++y, from_y += step_y) {
    const uint8_t* row = in.row(std::min(static_cast<int>(from_y), in.height - 1));
    double from_x = box.left + step_x * 0.5;
    for (int x = 0; x < width; ++x, from_x += step_x, out += 3)
      std::copy_n(row + std::min(static_cast<int>(from_x), in.width - 1) * ptrdiff_t{3}, 3, out);
  }
}

void Resizer::resize(const ImageView& in, const Box& box, int width, int height, Interpolation interpolation,
                     uint8_t* out) {
  if (interpolation == Interpolation::kNearest) return resize_nearest(in, box, width, height, out);
  const size_t out_pitch = static_cast<size_t>(width) * 3;
  const bool same_columns = width == in.width && box.left == 0 && box.right == in.width;
  const bool same_rows = height == in.height && box.top == 0 && box.bottom == in.height;
  int first_row = 0;
  int last_row = in.height;
  if (!same_rows) {
    rows_.ranges.resize(static_cast<size_t>(height));
    weigh_taps(rows_, in.height, box.top, box.bottom, interpolation);
    first_row = rows_.ranges.front().first;
    last_row = rows_.ranges.back().first + rows_.ranges.back().count;
  }
  const uint8_t* source = in.row(first_row);
  ptrdiff_t source_pitch = in.pitch;
  if (!same_columns) {
    columns_.ranges.resize(static_cast<size_t>(width));
    weigh_taps(columns_, in.width, box.left, box.right, interpolation);
    between_.resize(out_pitch * static_cast<size_t>(last_row - first_row));
    uint8_t* target = same_rows ? out : between_.data();
    for (int y = first_row; y < last_row; ++y, target += out_pitch) weigh_row(columns_, in.row(y), target);
    source = between_.data();
    source_pitch = static_cast<ptrdiff_t>(out_pitch);
    if (same_rows) return;
  }
  for (int y = 0; y < height; ++y, out += out_pitch) {
    if (same_rows) {
      std::copy_n(source + y * source_pitch, out_pitch, out);
      continue;
    }
    const auto [first, count] = rows_.ranges[static_cast<size_t>(y)];
    weigh_columns(&rows_.weights[static_cast<size_t>(y) * static_cast<size_t>(rows_.stride)], count,
                  source + (first - first_row) * source_pitch, source_pitch, {out, out_pitch});
  }
}

Image resize(const Image& image, int width, int height, Interpolation interpolation) {
  Image out(width, height);
  Resizer().resize(view_of(image),
                   {0, 0, static_cast<double>(image.width), static_cast<double>(image.height)}, width, height,
                   interpolation, out.rgb.data());
  return out;
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
