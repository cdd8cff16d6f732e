#pragma once

#include <span>

#include "engine/native/step.h"
#include "graph/ops/window.h"
#include "kernels/window.h"

namespace ridgeline::native {

/// Up to three spatial values, aligned at the last axis.
kernels::Size3 to_size3(std::span<const int64_t> values, int64_t fill);

/// The axes after batch and channels.
std::span<const int64_t> spatial(const Shape& shape);

/// `in` is the spatial size of what the window slides over.
kernels::Window to_window(const Window& window, std::span<const int64_t> in);

/// kUnsupported, naming the node, unless `shape` has 1 to 3 spatial axes.
Status check_spatial(const Node& node, const Shape& shape);

}  // namespace ridgeline::native
