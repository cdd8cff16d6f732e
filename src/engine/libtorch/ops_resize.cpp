// Ops that sample images between their pixels.

#include <ATen/Functions.h>
#include <array>
#include <cmath>
#include <stdexcept>

#include "engine/libtorch/op.h"
#include "graph/ops/resize.h"

namespace ridgeline::libtorch {

namespace {

using Dims = std::vector<int64_t>;

at::Tensor on_device_of(const at::Tensor& x, const Dims& indices) {
  return at::tensor(indices, at::TensorOptions().dtype(at::kLong)).to(x.device());
}

/// What ATen's own kernels do: the last two of four axes, floats.
bool resizes_images(const at::Tensor& x, const std::vector<AxisResize>& axes) {
  return x.dim() == 4 && at::isFloatingType(x.scalar_type()) && axes[0].is_identity() &&
         axes[1].is_identity();
}

/// Each pixel repeated a few times; more, and ATen's FP32 coordinates could fall on the wrong side of a
/// pixel's edge.
bool repeats_pixels(const AxisResize& axis, const Dims& sources) {
  constexpr int64_t kMaxRepeats = 8;
  const int64_t repeats = axis.out_size / axis.in_size;
  if (axis.out_size % axis.in_size != 0 || repeats > kMaxRepeats) return false;
  for (int64_t i = 0; i < axis.out_size; ++i) {
    if (sources[static_cast<size_t>(i)] != i / repeats) return false;
  }
  return true;
}

at::Tensor resize_nearest(const ResizeRule& rule, const at::Tensor& x, const std::vector<AxisResize>& axes) {
  std::vector<Dims> sources;
  for (const AxisResize& axis : axes) sources.push_back(nearest_sources(rule, axis));
  if (resizes_images(x, axes) && repeats_pixels(axes[2], sources[2]) && repeats_pixels(axes[3], sources[3])) {
    return at::upsample_nearest2d(x, {axes[2].out_size, axes[3].out_size});
  }
  at::Tensor result = x;
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    if (axes[axis].is_identity()) continue;
    result = result.index_select(static_cast<int64_t>(axis), on_device_of(x, sources[axis]));
  }
  return result;
}

bool has_whole_size(const AxisResize& axis) {
  return std::abs(axis.scaled_size() - static_cast<double>(axis.out_size)) < 1e-6;
}

/// ATen's coordinates are half_pixel, its align_corners ONNX's, and for one output pixel not
/// pytorch_half_pixel.
bool aten_has(const ResizeRule& rule, const at::Tensor& x, const std::vector<AxisResize>& axes) {
  if (!resizes_images(x, axes) || rule.excludes_outside) return false;
  if (rule.mode == ResizeMode::kCubic && rule.cubic_a != -0.75) return false;
  if (rule.transform == "pytorch_half_pixel") return axes[2].out_size > 1 && axes[3].out_size > 1;
  if (rule.transform == "align_corners") return has_whole_size(axes[2]) && has_whole_size(axes[3]);
  return rule.transform == "half_pixel";
}

/// Row-major [out_size, in_size]: how much of each input pixel is in each output pixel.
std::vector<double> sample_weights(const ResizeRule& rule, const AxisResize& axis) {
  std::vector<double> matrix(static_cast<size_t>(axis.out_size * axis.in_size), 0);
  double* row = matrix.data();
  for (const ResizeTaps& output : sample_taps(rule, axis)) {
    for (size_t tap = 0; tap < output.count; ++tap) row[output.taps[tap].pixel] += output.taps[tap].weight;
    row += axis.in_size;
  }
  return matrix;
}

at::Tensor resize_weighted(const ResizeRule& rule, const at::Tensor& x, const std::vector<AxisResize>& axes) {
  if (aten_has(rule, x, axes)) {
    const bool align_corners = rule.transform == "align_corners";
    const auto run = [&](auto upsample) {
      return upsample(x, at::IntArrayRef{axes[2].out_size, axes[3].out_size}, align_corners, axes[2].scale,
                      axes[3].scale);
    };
    using Upsample = at::Tensor (*)(const at::Tensor&, at::IntArrayRef, bool, std::optional<double>,
                                    std::optional<double>);
    return rule.mode == ResizeMode::kCubic ? run(static_cast<Upsample>(at::upsample_bicubic2d))
                                           : run(static_cast<Upsample>(at::upsample_bilinear2d));
  }
  const at::ScalarType type = at::isFloatingType(x.scalar_type()) ? x.scalar_type() : at::kFloat;
  at::Tensor result = x.to(type);
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    if (axes[axis].is_identity() && rule.transform != "tf_crop_and_resize") continue;
    const std::vector<double> weights = sample_weights(rule, axes[axis]);
    const at::Tensor matrix = at::tensor(weights, at::TensorOptions().dtype(at::kDouble))
                                  .view({axes[axis].out_size, axes[axis].in_size})
                                  .to(x.device(), type);
    const auto dim = static_cast<int64_t>(axis);
    result = at::matmul(result.movedim(dim, -1), matrix.t()).movedim(-1, dim);
  }
  return result.to(x.scalar_type());
}

at::Tensor resize(const ResizeRule& rule, const at::Tensor& x, const std::vector<AxisResize>& axes) {
  at::Tensor result =
      rule.mode == ResizeMode::kNearest ? resize_nearest(rule, x, axes) : resize_weighted(rule, x, axes);
  if (rule.transform != "tf_crop_and_resize") return result;
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    const Dims outside = outputs_outside(rule, axes[axis]);
    if (outside.empty()) continue;
    result =
        result.index_fill(static_cast<int64_t>(axis), on_device_of(x, outside), rule.extrapolation_value);
  }
  return result;
}

std::vector<double> doubles_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return {};
  const at::Tensor values = tensor.to(at::kCPU, at::kDouble).contiguous();
  const double* first = values.const_data_ptr<double>();
  return {first, first + values.numel()};
}

Result<Kernel> build_resize(const OpSite& site) {
  ASSIGN_OR_RETURN(const ResizeRule rule, ResizeRule::from(site.node));
  const auto known = [&site](size_t input) {
    const at::Tensor* value = site.constant(input);
    return value == nullptr ? at::Tensor() : *value;
  };
  // Read before the constants take the program's type: a BF16 scale would be another scale.
  return returns([rule, roi = known(1), scales = known(2), sizes = site.ints(3)](const Inputs& in) {
    const ResizeInputs inputs{.roi = doubles_of(roi.defined() ? roi : in[1]),
                              .scales = doubles_of(scales.defined() ? scales : in[2]),
                              .sizes = sizes.read(in)};
    const auto axes = plan_axes(rule, in[0].sizes().vec(), inputs);
    if (!axes.ok()) throw std::invalid_argument(axes.status().message());
    return resize(rule, in[0], *axes);
  });
}

Result<Kernel> build_grid_sample(const OpSite& site) {
  const std::string mode = site.node.string_or("mode", "bilinear");
  const std::string padding = site.node.string_or("padding_mode", "zeros");
  const bool align_corners = site.node.int_or("align_corners", 0) != 0;
  const int64_t mode_number = mode == "nearest" ? 1 : (mode == "bicubic" || mode == "cubic" ? 2 : 0);
  const int64_t padding_number = padding == "border" ? 1 : (padding == "reflection" ? 2 : 0);
  return returns([=](const Inputs& in) {
    return at::grid_sampler(in[0], in[1], mode_number, padding_number, align_corners);
  });
}

}  // namespace

std::span<const OpRow> resize_ops() {
  static const std::array kRows = {
      OpRow{"GridSample", build_grid_sample},
      OpRow{"Resize", build_resize, {1, 2, 3}},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
