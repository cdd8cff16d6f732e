#include "vision/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace ridgeline::vision {
namespace {

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// Keys' cubic convolution with a = -1/2.
double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0.0;
}

/// The best kernels, or the plain ones where RIDGELINE_CPU is misspelled, which those say who read it first.
const ResizeKernels& kernels_for_this_cpu() {
  static const ResizeKernels& kernels =
      resize_kernels_for(usable_cpu_features().ok() ? *usable_cpu_features() : CpuFeatures{});
  return kernels;
}

}  // namespace

Resizer::Resizer() : kernels_(&kernels_for_this_cpu()) {}

void Resizer::weigh_taps(Taps& taps, int input_size, double from, double to, Interpolation interpolation) {
  const bool is_cubic = interpolation == Interpolation::kBicubic;
  const double scale = (to - from) / static_cast<double>(taps.ranges.size());
  const double stretch = std::max(scale, 1.0);
  const double support = (is_cubic ? 2.0 : 1.0) * stretch;
  const int most = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.stride = (most + Taps::kGroup - 1) / Taps::kGroup * Taps::kGroup;
  taps.weights.assign(taps.at(taps.ranges.size()), 0);
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
    int32_t* weights = &taps.weights[taps.at(position)];
    for (int tap = 0; tap < count; ++tap) {
      const double share = sum == 0.0 ? 0.0 : exact_weights_[static_cast<size_t>(tap)] / sum;
      weights[tap] = static_cast<int32_t>(share * (1 << kWeightBits) + (share < 0 ? -0.5 : 0.5));
    }
  }
  taps.high.resize(taps.weights.size());
  taps.low.resize(taps.weights.size());
  for (size_t i = 0; i < taps.weights.size(); ++i) {
    taps.high[i] = static_cast<int16_t>(taps.weights[i] >> Taps::kLowBits);
    taps.low[i] = static_cast<int16_t>(taps.weights[i] & ((1 << Taps::kLowBits) - 1));
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
  const bool same_columns = width == in.width && box.left == 0 && box.right == in.width;
  const bool same_rows = height == in.height && box.top == 0 && box.bottom == in.height;
  const size_t pitch = static_cast<size_t>(width) * 3;
  ImageView source = in;
  if (!same_rows) {
    rows_.ranges.resize(static_cast<size_t>(height));
    weigh_taps(rows_, in.height, box.top, box.bottom, interpolation);
    const int first = rows_.ranges.front().first;
    source = part_of(in, {0, first, in.width, rows_.ranges.back().first + rows_.ranges.back().count - first});
    for (Taps::Range& range : rows_.ranges) range.first -= first;
  }
  if (!same_columns) {
    columns_.ranges.resize(static_cast<size_t>(width));
    weigh_taps(columns_, in.width, box.left, box.right, interpolation);
    if (same_rows) return kernels_->weigh_rows(columns_, source, out);
    between_.resize(pitch * static_cast<size_t>(source.height));
    kernels_->weigh_rows(columns_, source, between_.data());
    source = {between_.data(), width, source.height, static_cast<ptrdiff_t>(pitch)};
  }
  for (int y = 0; y < height; ++y, out += pitch) {
    if (same_rows)
      std::copy_n(source.row(y), pitch, out);
    else
      kernels_->weigh_columns(rows_, static_cast<size_t>(y),
                              source.row(rows_.ranges[static_cast<size_t>(y)].first), source.pitch,
                              {out, pitch});
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
