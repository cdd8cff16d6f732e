#include "engine/native/windows.h"

#include <algorithm>

namespace ridgeline::native {

using kernels::Size3;

Size3 to_size3(std::span<const int64_t> values, int64_t fill) {
  Size3 size{fill, fill, fill};
  std::copy(values.begin(), values.end(), size.end() - static_cast<std::ptrdiff_t>(values.size()));
  return size;
}

std::span<const int64_t> spatial(const Shape& shape) { return std::span(shape.dims()).subspan(2); }

kernels::Window to_window(const Window& window, std::span<const int64_t> in) {
  return {.in = to_size3(in, 1),
          .out = to_size3(window.output, 1),
          .kernel = to_size3(window.kernel, 1),
          .stride = to_size3(window.stride, 1),
          .dilation = to_size3(window.dilation, 1),
          .pad = to_size3(window.pad_begin, 0)};
}

Status check_spatial(const Node& node, const Shape& shape) {
  const size_t rank = shape.rank();
  if (rank < 3 || rank > 5) return unsupported("{}: native takes 1 to 3 spatial axes", node.describe());
  return {};
}

}  // namespace ridgeline::native
