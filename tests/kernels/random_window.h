#pragma once

#include <algorithm>

#include "base/rng.h"
#include "kernels/window.h"

namespace ridgeline::kernels {

/// What random windows stay below.
struct WindowLimits {
  uint64_t kernel;  ///< taps along an axis
  Size3 slack;      ///< elements of the input past the window's first reach, by axis
};

/// A window with every kernel, stride, dilation and padding below `limits`, over two axes or all three.
inline Window random_window(Rng& rng, const WindowLimits& limits) {
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(rng.below(bound)); };
  Window w;
  for (size_t axis = below(3) == 0 ? 0 : 1; axis < 3; ++axis) {
    w.kernel[axis] = 1 + below(limits.kernel);
    w.stride[axis] = 1 + below(3);
    w.dilation[axis] = 1 + below(2);
    w.pad[axis] = below(static_cast<uint64_t>(w.kernel[axis]));
    const int64_t reach = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
    w.in[axis] = reach + below(static_cast<uint64_t>(limits.slack[axis]));
    w.out[axis] = (w.in[axis] + 2 * w.pad[axis] - reach) / w.stride[axis] + 1;
  }
  return w;
}

/// One for each channel by itself, of the widths and steps that networks use and of others, which reaches
/// over the borders of small images on both sides and now and then past them.
inline Window random_depthwise_window(Rng& rng) {
  const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
  Window w;
  for (const size_t axis : {1, 2}) {
    w.kernel[axis] = rng.below(3) == 0 ? upto(9) : 1 + 2 * upto(3);
    w.stride[axis] = rng.below(8) == 0 ? 3 : upto(2);
    w.dilation[axis] = rng.below(8) == 0 ? 2 : 1;
    const int64_t reach = (w.kernel[axis] - 1) * w.dilation[axis] + 1;
    w.pad[axis] = rng.below(8) == 0 ? upto(12) : reach / 2;
    w.in[axis] = std::max<int64_t>(reach - 2 * w.pad[axis], 0) + upto(axis == 1 ? 12 : 40);
    w.out[axis] = (w.in[axis] + 2 * w.pad[axis] - reach) / w.stride[axis] + upto(2);
  }
  return w;
}

}  // namespace ridgeline::kernels
