#include "graph/ops/window.h"

#include <algorithm>

namespace ridgeline {
namespace {

constexpr int64_t kMaxExtent = int64_t{1} << 31;

Status complain(const Node& node, std::string_view what) {
  return invalid_argument("{}: {}", node.describe(), what);
}

/// `values` has one sane entry per axis.
Status check(const Node& node, std::string_view attribute, const std::vector<int64_t>& values, size_t count,
             int64_t least) {
  const auto sane = [&](int64_t value) { return value >= least && value < kMaxExtent; };
  if (values.size() != count || !std::all_of(values.begin(), values.end(), sane))
    return invalid_argument("{}: attribute '{}' needs {} values of at least {}", node.describe(), attribute,
                            count, least);
  return {};
}

Status read_common(const Node& node, const WindowInput& input, Window& window) {
  const size_t axes = input.spatial.size();
  if (axes == 0) return complain(node, "the input has no spatial axis");
  for (const int64_t extent : input.spatial)
    if (extent >= kMaxExtent) return complain(node, "a spatial axis of the input is too large");
  window.kernel = input.kernel;
  window.stride = node.ints_or("strides", std::vector<int64_t>(axes, 1));
  window.dilation = node.ints_or("dilations", std::vector<int64_t>(axes, 1));
  const std::vector<int64_t> pads = node.ints_or("pads", std::vector<int64_t>(2 * axes, 0));
  RETURN_IF_ERROR(check(node, "kernel_shape", window.kernel, axes, 1));
  RETURN_IF_ERROR(check(node, "strides", window.stride, axes, 1));
  RETURN_IF_ERROR(check(node, "dilations", window.dilation, axes, 1));
  RETURN_IF_ERROR(check(node, "pads", pads, 2 * axes, 0));
  window.pad_begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
  window.pad_end.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  const std::string auto_pad = node.string_or("auto_pad", "NOTSET");
  if (auto_pad != "NOTSET" && auto_pad != "VALID" && auto_pad != "SAME_UPPER" && auto_pad != "SAME_LOWER")
    return complain(node, "attribute 'auto_pad' is not NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  if (auto_pad == "VALID") {
    window.pad_begin.assign(axes, 0);
    window.pad_end.assign(axes, 0);
  }
  window.output.assign(axes, Shape::kUnknownDim);
  return {};
}

bool is_same(const Node& node) { return node.string_or("auto_pad", "NOTSET").starts_with("SAME"); }

void split_padding(const Node& node, int64_t total, size_t axis, Window& window) {
  const int64_t small = total / 2;
  const bool upper = node.string_or("auto_pad", "") != "SAME_LOWER";
  window.pad_begin[axis] = upper ? small : total - small;
  window.pad_end[axis] = upper ? total - small : small;
}

int64_t reach(const Window& window, size_t axis) {
  return window.dilation[axis] * (window.kernel[axis] - 1) + 1;
}

}  // namespace

Result<Window> resolve_window(const Node& node, const WindowInput& input) {
  Window window;
  RETURN_IF_ERROR(read_common(node, input, window));
  const bool ceil_mode = node.int_or("ceil_mode", 0) != 0;
  for (size_t axis = 0; axis < input.spatial.size(); ++axis) {
    const int64_t in = input.spatial[axis];
    const int64_t stride = window.stride[axis];
    if (in < 0) continue;
    if (is_same(node)) {
      window.output[axis] = (in + stride - 1) / stride;
      split_padding(node, std::max<int64_t>(0, (window.output[axis] - 1) * stride + reach(window, axis) - in),
                    axis, window);
      continue;
    }
    const int64_t slack = in + window.pad_begin[axis] + window.pad_end[axis] - reach(window, axis);
    if (slack < 0) return complain(node, "the kernel is larger than the padded input");
    int64_t count = slack / stride + 1;
    if (ceil_mode && slack % stride != 0 && count * stride < in + window.pad_begin[axis]) ++count;
    window.output[axis] = count;
  }
  return window;
}

Result<Window> resolve_transposed_window(const Node& node, const WindowInput& input) {
  Window window;
  RETURN_IF_ERROR(read_common(node, input, window));
  const size_t axes = input.spatial.size();
  const std::vector<int64_t> extra = node.ints_or("output_padding", std::vector<int64_t>(axes, 0));
  RETURN_IF_ERROR(check(node, "output_padding", extra, axes, 0));
  std::vector<int64_t> wanted = node.ints_or("output_shape", {});
  if (wanted.size() == axes + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (!wanted.empty()) RETURN_IF_ERROR(check(node, "output_shape", wanted, axes, 1));
  for (size_t axis = 0; axis < axes; ++axis) {
    const int64_t in = input.spatial[axis];
    if (in < 1) continue;
    const int64_t full = window.stride[axis] * (in - 1) + extra[axis] + reach(window, axis);
    if (!wanted.empty() || is_same(node)) {
      window.output[axis] = wanted.empty() ? in * window.stride[axis] : wanted[axis];
      const int64_t total = std::max<int64_t>(0, full - window.output[axis]);
      // ConvTranspose puts the odd pixel at the end for SAME_UPPER alone.
      const bool upper = node.string_or("auto_pad", "") == "SAME_UPPER";
      window.pad_begin[axis] = upper ? total / 2 : total - total / 2;
      window.pad_end[axis] = total - window.pad_begin[axis];
    } else {
      window.output[axis] = full - window.pad_begin[axis] - window.pad_end[axis];
      if (window.output[axis] < 1) return complain(node, "the pads leave no output");
    }
  }
  return window;
}

}  // namespace ridgeline
