#include "kernels/window.h"

#include <algorithm>

#include "kernels/ceil_div.h"

namespace ridgeline::kernels {

Range outputs_inside(const Window& window, size_t axis, int64_t tap) {
  const int64_t offset = tap * window.dilation[axis] - window.pad[axis];
  const int64_t begin = ceil_div(-offset, window.stride[axis]);
  const int64_t end = std::min(window.out[axis], ceil_div(window.in[axis] - offset, window.stride[axis]));
  return {begin, std::max(begin, end)};
}

Range taps_inside(const Window& window, size_t axis, int64_t out) {
  const int64_t origin = out * window.stride[axis] - window.pad[axis];
  const int64_t begin = ceil_div(-origin, window.dilation[axis]);
  const int64_t end =
      std::min(window.kernel[axis], ceil_div(window.in[axis] - origin, window.dilation[axis]));
  return {begin, std::max(begin, end)};
}

Range input_rows(const Window& window, const Range& out) {
  const int64_t rows = window.in[1], reach = (window.kernel[1] - 1) * window.dilation[1];
  const int64_t begin = std::clamp<int64_t>(out.begin * window.stride[1] - window.pad[1], 0, rows);
  return {begin, std::clamp((out.end - 1) * window.stride[1] - window.pad[1] + reach + 1, begin, rows)};
}

Window part_of(const Window& window, const Range& out) {
  const Range in = input_rows(window, out);
  Window part = window;
  part.in[1] = in.end - in.begin;
  part.out[1] = out.end - out.begin;
  part.pad[1] = in.begin + window.pad[1] - out.begin * window.stride[1];
  return part;
}

}  // namespace ridgeline::kernels
