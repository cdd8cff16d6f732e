#pragma once

#include <ATen/core/Tensor.h>
#include <vector>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

using Dims = std::vector<int64_t>;

/// Elements added before and after each spatial axis.
struct Padding {
  Dims before;
  Dims after;

  bool is_symmetric() const { return before == after; }
  bool is_none() const;
};

/// The sliding window of convolutions and pools: one element per spatial axis (H, W for images).
struct Window {
  Dims kernel;  ///< empty for a convolution that leaves it to its weights
  Dims strides;
  Dims dilations;
  Padding padding;  ///< of auto_pad NOTSET
  std::string auto_pad;
  bool ceil_mode = false;

  /// kUnsupported when neither the attributes nor the input tell the rank.
  static Result<Window> from(const OpSite& site);

  size_t rank() const { return strides.size(); }
  /// Elements between the first and the last tap, both included.
  int64_t extent(size_t axis, int64_t taps) const { return (taps - 1) * dilations[axis] + 1; }
  /// The padding for `input` (N, C, then the spatial axes), auto_pad resolved.
  Padding padding_for(const at::Tensor& input, const Dims& taps) const;
};

/// `input` with its spatial axes padded by `value`.
at::Tensor padded(const at::Tensor& input, const Padding& padding, double value);

}  // namespace ridgeline::libtorch
