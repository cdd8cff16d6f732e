// Convolutions.

#include <ATen/Functions.h>
#include <algorithm>
#include <array>

#include "engine/libtorch/window.h"

namespace ridgeline::libtorch {

namespace {

std::optional<at::Tensor> optional_input(const Inputs& in, size_t i) {
  return in.has(i) ? std::optional(in[i]) : std::nullopt;
}

Dims taps_of(const at::Tensor& weights) { return weights.sizes().slice(2).vec(); }

Result<Kernel> build_conv(const OpSite& site) {
  ASSIGN_OR_RETURN(Window window, Window::from(site));
  const int64_t group = site.node.int_or("group", 1);
  return returns([window = std::move(window), group](const Inputs& in) {
    const Dims no_output_padding(window.rank(), 0);
    const auto convolve = [&](const at::Tensor& x, const Dims& padding) {
      return at::convolution(x, in[1], optional_input(in, 2), window.strides, padding, window.dilations,
                             false, no_output_padding, group);
    };
    const Padding padding = window.padding_for(in[0], taps_of(in[1]));
    if (padding.is_symmetric()) return convolve(in[0], padding.before);
    return convolve(padded(in[0], padding, 0), no_output_padding);
  });
}

/// What a transposed convolution cuts off its full result, and what it adds after it.
struct TransposedEdges {
  Padding cut;
  Dims output_padding;
};

struct TransposedConv {
  Window window;
  Dims output_padding;
  Dims output_shape;  ///< spatial; empty unless given
  int64_t group = 1;

  TransposedEdges edges_for(const at::Tensor& input, const Dims& taps) const;
};

/// ONNX: out = stride·(in − 1) + output_padding + extent − cut; an output_shape or auto_pad leaves the cut to
/// be solved for.
TransposedEdges TransposedConv::edges_for(const at::Tensor& input, const Dims& taps) const {
  TransposedEdges edges{window.padding, output_padding};
  const bool same = window.auto_pad.starts_with("SAME");
  if (output_shape.empty() && !same) return edges;
  for (size_t axis = 0; axis < window.rank(); ++axis) {
    const int64_t size = input.size(static_cast<int64_t>(axis) + 2);
    const int64_t wanted = output_shape.empty() ? size * window.strides[axis] : output_shape[axis];
    const int64_t full =
        window.strides[axis] * (size - 1) + output_padding[axis] + window.extent(axis, taps[axis]);
    const int64_t total = std::max<int64_t>(0, full - wanted);
    edges.output_padding[axis] += std::max<int64_t>(0, wanted - full);
    edges.cut.before[axis] = window.auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    edges.cut.after[axis] = total - edges.cut.before[axis];
  }
  return edges;
}

/// ATen cuts the same on both sides and adds less than a stride; anything else is cut out of the full result
/// here.
at::Tensor transposed_convolution(const TransposedConv& conv, const Inputs& in) {
  const Window& window = conv.window;
  const auto convolve = [&](const std::optional<at::Tensor>& bias, const Dims& cut,
                            const Dims& output_padding) {
    return at::convolution(in[0], in[1], bias, window.strides, cut, window.dilations, true, output_padding,
                           conv.group);
  };
  const TransposedEdges edges = conv.edges_for(in[0], taps_of(in[1]));
  bool is_plain = edges.cut.is_symmetric();
  for (size_t axis = 0; axis < window.rank(); ++axis) {
    is_plain =
        is_plain && edges.output_padding[axis] < std::max(window.strides[axis], window.dilations[axis]);
  }
  if (is_plain) return convolve(optional_input(in, 2), edges.cut.before, edges.output_padding);

  const Dims none(window.rank(), 0);
  Padding change{none, none};
  for (size_t axis = 0; axis < window.rank(); ++axis) {
    change.before[axis] = -edges.cut.before[axis];
    change.after[axis] = edges.output_padding[axis] - edges.cut.after[axis];
  }
  at::Tensor result = padded(convolve(std::nullopt, none, none), change, 0);
  if (!in.has(2)) return result;
  Dims channel(window.rank() + 2, 1);
  channel[1] = -1;
  return result.add(in[2].reshape(channel));
}

Result<Kernel> build_conv_transpose(const OpSite& site) {
  ASSIGN_OR_RETURN(Window window, Window::from(site));
  const Dims none(window.rank(), 0);
  TransposedConv conv{.window = std::move(window),
                      .output_padding = site.node.ints_or("output_padding", none),
                      .output_shape = site.node.ints_or("output_shape", {}),
                      .group = site.node.int_or("group", 1)};
  if (conv.output_shape.size() > none.size()) {  // some exporters write N and C as well
    conv.output_shape.erase(conv.output_shape.begin(),
                            conv.output_shape.end() - static_cast<std::ptrdiff_t>(none.size()));
  }
  return returns([conv = std::move(conv)](const Inputs& in) { return transposed_convolution(conv, in); });
}

}  // namespace

std::span<const OpRow> conv_ops() {
  static const std::array kRows = {
      OpRow{"Conv", build_conv},
      OpRow{"ConvTranspose", build_conv_transpose},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
