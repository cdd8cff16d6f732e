#pragma once

#include <algorithm>

#include "kernels/window.h"

namespace ridgeline::kernels::blocked {

/// Whether there are kernels for a window that make patches of rows and columns: it is of a common width and
/// step, has no gaps, and never lies beside a row as a whole.
inline bool takes_patches(const Window& w) {
  const int64_t width = w.kernel[2], step = w.stride[2];
  const bool is_common =
      step == 1 ? width == 3 || width == 5 || width == 7 : step == 2 && (width == 3 || width == 5);
  const int64_t over = (w.out[2] - 1) * step - w.pad[2] + width - w.in[2];
  return is_common && w.dilation[1] == 1 && w.dilation[2] == 1 && std::max(w.pad[2], over) < width;
}

}  // namespace ridgeline::kernels::blocked
