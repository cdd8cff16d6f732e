#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace ridgeline {

/// Where a convolution or pooling window goes along each spatial axis, read from a node's attributes.
struct Window {
  std::vector<int64_t> kernel, stride, dilation, pad_begin, pad_end;
  std::vector<int64_t> output;  ///< spatial output size, kUnknownDim where the input's is
};

struct WindowInput {
  std::vector<int64_t> spatial;  ///< input size per axis, may be unknown
  std::vector<int64_t> kernel;   ///< from the weights, or the node's kernel_shape
};

/// Strides, dilations, pads (auto_pad resolved against the input size) and output sizes by ONNX's formulas:
/// floor((in + pads − dilation·(kernel−1) − 1) / stride) + 1, with ceil_mode's ceiling where the last window
/// still starts inside the padded input. kInvalidArgument naming the node for attributes of wrong length or
/// nonsensical values.
Result<Window> resolve_window(const Node& node, const WindowInput& input);

/// The same for ConvTranspose: stride·(in−1) + output_padding + dilation·(kernel−1) + 1 − pads, or
/// output_shape.
Result<Window> resolve_transposed_window(const Node& node, const WindowInput& input);

}  // namespace ridgeline
