#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace ridgeline {

enum class ResizeMode { kNearest, kLinear, kCubic };

/// The attributes of ONNX's Resize. Formulas as its specification has them.
struct ResizeRule {
  ResizeMode mode = ResizeMode::kNearest;
  std::string transform;  ///< coordinate_transformation_mode
  std::string nearest;    ///< nearest_mode
  std::string policy;     ///< keep_aspect_ratio_policy
  std::vector<int64_t> axes;
  double cubic_a = -0.75;
  double extrapolation_value = 0;
  bool excludes_outside = false;

  /// kUnsupported for antialiasing.
  static Result<ResizeRule> from(const Node& node);
};

struct ResizeInputs {
  std::vector<double> roi;
  std::vector<double> scales;  ///< empty where sizes are given
  std::vector<int64_t> sizes;
};

/// One axis of a resize.
struct AxisResize {
  int64_t in_size = 0;
  int64_t out_size = 0;
  double scale = 1;  ///< output pixels per input pixel, as given: not always out_size / in_size
  double roi_start = 0;
  double roi_end = 1;

  /// The output's size before it was cut to whole pixels; ONNX aligns corners by this one.
  double scaled_size() const { return scale * static_cast<double>(in_size); }
  bool is_identity() const { return in_size == out_size && scale == 1; }
};

/// One element per axis of the input. kInvalidArgument where neither scales nor sizes fit it, or where there
/// are no pixels to sample.
Result<std::vector<AxisResize>> plan_axes(const ResizeRule& rule, const std::vector<int64_t>& shape,
                                          const ResizeInputs& inputs);

/// The input pixel of each output pixel.
std::vector<int64_t> nearest_sources(const ResizeRule& rule, const AxisResize& axis);

/// How much of which input pixels is in an output pixel: two by linear, four by cubic interpolation.
struct ResizeTap {
  int64_t pixel = 0;
  double weight = 0;
};
struct ResizeTaps {
  std::array<ResizeTap, 4> taps;
  size_t count = 0;
};
/// The taps of each output pixel, linear or cubic. Taps past the edge lie on it, or weigh nothing where the
/// rule excludes them.
std::vector<ResizeTaps> sample_taps(const ResizeRule& rule, const AxisResize& axis);

/// Output pixels of tf_crop_and_resize that lie outside the image.
std::vector<int64_t> outputs_outside(const ResizeRule& rule, const AxisResize& axis);

}  // namespace ridgeline
