#include "engine/libtorch/window.h"

#include <ATen/Functions.h>
#include <algorithm>

namespace ridgeline::libtorch {

namespace {

size_t rank_of(const OpSite& site) {
  for (const char* attribute : {"kernel_shape", "strides", "dilations"}) {
    if (site.node.has(attribute)) return site.node.ints_or(attribute, {}).size();
  }
  if (site.node.has("pads")) return site.node.ints_or("pads", {}).size() / 2;
  return site.input_ranks[0] > 2 ? static_cast<size_t>(site.input_ranks[0]) - 2 : 0;
}

}  // namespace

bool Padding::is_none() const {
  const auto none = [](int64_t count) { return count == 0; };
  return std::all_of(before.begin(), before.end(), none) && std::all_of(after.begin(), after.end(), none);
}

Result<Window> Window::from(const OpSite& site) {
  const size_t rank = rank_of(site);
  if (rank == 0)
    return unsupported("attribute kernel_shape is missing and the rank of the input depends on the data");
  const Dims pads = site.node.ints_or("pads", Dims(2 * rank, 0));
  Window window{.kernel = site.node.ints_or("kernel_shape", {}),
                .strides = site.node.ints_or("strides", Dims(rank, 1)),
                .dilations = site.node.ints_or("dilations", Dims(rank, 1)),
                .padding = {},
                .auto_pad = site.node.string_or("auto_pad", "NOTSET"),
                .ceil_mode = site.node.int_or("ceil_mode", 0) != 0};
  if (window.strides.size() != rank || window.dilations.size() != rank || pads.size() != 2 * rank) {
    return invalid_argument("attributes strides, dilations and pads must fit a window of {} axes", rank);
  }
  if (window.auto_pad == "VALID") {
    window.padding = {Dims(rank, 0), Dims(rank, 0)};
  } else {
    const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(rank);
    window.padding = {Dims(pads.begin(), middle), Dims(middle, pads.end())};
  }
  return window;
}

Padding Window::padding_for(const at::Tensor& input, const Dims& taps) const {
  if (!auto_pad.starts_with("SAME")) return padding;
  Padding same{Dims(rank()), Dims(rank())};
  for (size_t axis = 0; axis < rank(); ++axis) {
    const int64_t size = input.size(static_cast<int64_t>(axis) + 2);
    const int64_t outputs = (size + strides[axis] - 1) / strides[axis];
    const int64_t total =
        std::max<int64_t>(0, (outputs - 1) * strides[axis] + extent(axis, taps[axis]) - size);
    const int64_t less = total / 2;
    same.before[axis] = auto_pad == "SAME_UPPER" ? less : total - less;
    same.after[axis] = total - same.before[axis];
  }
  return same;
}

at::Tensor padded(const at::Tensor& input, const Padding& padding, double value) {
  if (padding.is_none()) return input;
  Dims last_axis_first;
  for (size_t axis = padding.before.size(); axis-- > 0;) {
    last_axis_first.push_back(padding.before[axis]);
    last_axis_first.push_back(padding.after[axis]);
  }
  return at::constant_pad_nd(input, last_axis_first, value);
}

}  // namespace ridgeline::libtorch
