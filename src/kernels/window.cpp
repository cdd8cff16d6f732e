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

}  // namespace ridgeline::kernels
