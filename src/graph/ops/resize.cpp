#include "graph/ops/resize.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ridgeline {

namespace {

/// Where output pixel `index` lies among the input's pixels.
double source_coordinate(const ResizeRule& rule, const AxisResize& axis, int64_t index) {
  const auto x = static_cast<double>(index);
  const auto in_size = static_cast<double>(axis.in_size);
  const auto out_size = static_cast<double>(axis.out_size);
  const double half_pixel = (x + 0.5) / axis.scale - 0.5;
  if (rule.transform == "half_pixel") return half_pixel;
  if (rule.transform == "pytorch_half_pixel") return axis.out_size > 1 ? half_pixel : 0;
  if (rule.transform == "asymmetric") return x / axis.scale;
  if (rule.transform == "tf_half_pixel_for_nn") return (x + 0.5) / axis.scale;
  if (rule.transform == "align_corners")
    return axis.out_size > 1 ? x * (in_size - 1) / (axis.scaled_size() - 1) : 0;
  if (rule.transform == "half_pixel_symmetric") {
    return in_size / 2 * (1 - out_size / axis.scaled_size()) + half_pixel;
  }
  const double span = (axis.roi_end - axis.roi_start) * (in_size - 1);  // tf_crop_and_resize
  if (axis.out_size > 1) return axis.roi_start * (in_size - 1) + x * span / (out_size - 1);
  return 0.5 * (axis.roi_start + axis.roi_end) * (in_size - 1);
}

double rounded(const std::string& mode, double x) {
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  return mode == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// Weights of the pixels around a point that lies `ratio` after the second (cubic: of four) or first (linear:
/// of two).
std::vector<double> tap_weights(const ResizeRule& rule, double ratio) {
  if (rule.mode == ResizeMode::kLinear) return {1 - ratio, ratio};
  const double a = rule.cubic_a;
  const auto near = [a](double t) { return ((a + 2) * t - (a + 3)) * t * t + 1; };
  const auto far = [a](double t) { return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a; };
  return {far(1 + ratio), near(ratio), near(1 - ratio), far(2 - ratio)};
}

/// Scales of all axes from sizes; a policy other than stretch makes the named axes share one scale.
void scale_to_sizes(const ResizeRule& rule, std::vector<AxisResize*>& axes,
                    const std::vector<int64_t>& sizes) {
  for (size_t i = 0; i < axes.size(); ++i) {
    axes[i]->out_size = sizes[i];
    axes[i]->scale = static_cast<double>(sizes[i]) / static_cast<double>(axes[i]->in_size);
  }
  if (rule.policy == "stretch") return;
  const auto [least, greatest] = std::minmax_element(
      axes.begin(), axes.end(), [](const AxisResize* a, const AxisResize* b) { return a->scale < b->scale; });
  const double scale = rule.policy == "not_larger" ? (*least)->scale : (*greatest)->scale;
  for (AxisResize* axis : axes) {
    axis->scale = scale;
    axis->out_size = static_cast<int64_t>(std::floor(scale * static_cast<double>(axis->in_size) + 0.5));
  }
}

}  // namespace

Result<ResizeRule> ResizeRule::from(const Node& node) {
  const std::string mode = node.string_or("mode", "nearest");
  if (node.int_or("antialias", 0) != 0) return unsupported("attribute antialias must be 0");
  return ResizeRule{.mode = mode == "cubic" ? ResizeMode::kCubic
                                            : (mode == "linear" ? ResizeMode::kLinear : ResizeMode::kNearest),
                    .transform = node.string_or("coordinate_transformation_mode", "half_pixel"),
                    .nearest = node.string_or("nearest_mode", "round_prefer_floor"),
                    .policy = node.string_or("keep_aspect_ratio_policy", "stretch"),
                    .axes = node.ints_or("axes", {}),
                    .cubic_a = node.float_or("cubic_coeff_a", -0.75F),
                    .extrapolation_value = node.float_or("extrapolation_value", 0),
                    .excludes_outside = node.int_or("exclude_outside", 0) != 0};
}

Result<std::vector<AxisResize>> plan_axes(const ResizeRule& rule, const std::vector<int64_t>& shape,
                                          const ResizeInputs& inputs) {
  std::vector<AxisResize> axes;
  for (const int64_t size : shape) {
    if (size < 1) return invalid_argument("an input without pixels cannot be resized");
    axes.push_back({.in_size = size, .out_size = size});
  }
  std::vector<AxisResize*> named;
  for (size_t i = 0; i < shape.size() && rule.axes.empty(); ++i) named.push_back(&axes[i]);
  for (const int64_t axis : rule.axes) {
    const int64_t from_start = axis < 0 ? axis + static_cast<int64_t>(shape.size()) : axis;
    named.push_back(&axes.at(static_cast<size_t>(from_start)));
  }
  if (inputs.scales.size() == named.size()) {
    for (size_t i = 0; i < named.size(); ++i) {
      named[i]->scale = inputs.scales[i];
      named[i]->out_size =
          static_cast<int64_t>(std::floor(static_cast<float>(named[i]->in_size) *
                                          static_cast<float>(inputs.scales[i])));  // in float, as engines do
    }
  } else if (inputs.sizes.size() == named.size()) {
    scale_to_sizes(rule, named, inputs.sizes);
  } else {
    return invalid_argument("neither input scales nor input sizes has an element for each axis");
  }
  for (size_t i = 0; i < named.size() && inputs.roi.size() == 2 * named.size(); ++i) {
    named[i]->roi_start = inputs.roi[i];
    named[i]->roi_end = inputs.roi[named.size() + i];
  }
  return axes;
}

std::vector<int64_t> nearest_sources(const ResizeRule& rule, const AxisResize& axis) {
  std::vector<int64_t> sources;
  for (int64_t i = 0; i < axis.out_size; ++i) {
    const auto source = static_cast<int64_t>(rounded(rule.nearest, source_coordinate(rule, axis, i)));
    sources.push_back(std::clamp<int64_t>(source, 0, axis.in_size - 1));
  }
  return sources;
}

std::vector<ResizeTaps> sample_taps(const ResizeRule& rule, const AxisResize& axis) {
  std::vector<ResizeTaps> outputs;
  for (int64_t i = 0; i < axis.out_size; ++i) {
    const double coordinate = source_coordinate(rule, axis, i);
    const double left = std::floor(coordinate);
    const std::vector<double> weights = tap_weights(rule, coordinate - left);
    const int64_t first = static_cast<int64_t>(left) - (rule.mode == ResizeMode::kCubic ? 1 : 0);
    ResizeTaps output{.taps = {}, .count = weights.size()};
    double total = 0;
    for (size_t tap = 0; tap < weights.size(); ++tap) {
      const int64_t pixel = first + static_cast<int64_t>(tap);
      const bool outside = pixel < 0 || pixel >= axis.in_size;
      const double weight = outside && rule.excludes_outside ? 0 : weights[tap];
      output.taps[tap] = {std::clamp<int64_t>(pixel, 0, axis.in_size - 1), weight};
      total += weight;
    }
    if (rule.excludes_outside)
      for (ResizeTap& tap : output.taps) tap.weight /= total;
    outputs.push_back(output);
  }
  return outputs;
}

std::vector<int64_t> outputs_outside(const ResizeRule& rule, const AxisResize& axis) {
  std::vector<int64_t> outside;
  for (int64_t i = 0; i < axis.out_size; ++i) {
    const double coordinate = source_coordinate(rule, axis, i);
    if (coordinate < 0 || coordinate > static_cast<double>(axis.in_size - 1)) outside.push_back(i);
  }
  return outside;
}

}  // namespace ridgeline
