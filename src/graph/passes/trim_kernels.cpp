#include <algorithm>

#include "graph/ops/window.h"
#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

constexpr size_t kAxes = 2;

/// The taps of one axis from the first to the last that ever meets the image.
struct Reach {
  int64_t first = 0;
  int64_t count = 0;
};

bool meets_image(const Window& window, size_t axis, int64_t in, int64_t tap) {
  for (int64_t y = 0; y < window.output[axis]; ++y) {
    const int64_t x = y * window.stride[axis] - window.pad_begin[axis] + tap * window.dilation[axis];
    if (x >= 0 && x < in) return true;
  }
  return false;
}

/// None where no tap does.
Reach reach_of(const Window& window, size_t axis, int64_t in) {
  Reach reach;
  for (int64_t tap = 0; tap < window.kernel[axis]; ++tap) {
    if (!meets_image(window, axis, in, tap)) continue;
    if (reach.count == 0) reach.first = tap;
    reach.count = tap - reach.first + 1;
  }
  return reach;
}

/// Of weights [out channels, channels, rows, columns], the rows and columns within reach.
Result<Tensor> trimmed(const Tensor& weights, const Reach (&reach)[kAxes]) {
  const Shape& shape = weights.shape();
  ASSIGN_OR_RETURN(Tensor result,
                   Tensor::zeros(DType::kF32, {shape[0], shape[1], reach[0].count, reach[1].count}));
  const float* from = weights.as<float>().data();
  float* to = result.as<float>().data();
  for (int64_t plane = 0; plane < shape[0] * shape[1]; ++plane, from += shape[2] * shape[3])
    for (int64_t row = 0; row < reach[0].count; ++row)
      to = std::copy_n(from + (reach[0].first + row) * shape[3] + reach[1].first, reach[1].count, to);
  return result;
}

Status trim(Rewriter& rewriter, Node& conv, const Shape& image) {
  Graph& graph = rewriter.graph();
  const Tensor& weights = *graph.initializer(conv.inputs[1]);
  const Shape& shape = weights.shape();
  ASSIGN_OR_RETURN(const Window window, resolve_window(conv, {{image[2], image[3]}, {shape[2], shape[3]}}));
  const Reach reach[kAxes] = {reach_of(window, 0, image[2]), reach_of(window, 1, image[3])};
  const auto is_whole = [&](size_t axis) { return reach[axis].count == window.kernel[axis]; };
  if ((is_whole(0) && is_whole(1)) || reach[0].count == 0 || reach[1].count == 0) return {};
  std::vector<int64_t> kernel, dilations, begins, ends;
  for (size_t axis = 0; axis < kAxes; ++axis) {
    const auto [first, count] = reach[axis];
    const int64_t dilation = window.dilation[axis];
    kernel.push_back(count);
    dilations.push_back(count == 1 ? 1 : dilation);
    begins.push_back(window.pad_begin[axis] - first * dilation);
    ends.push_back(window.pad_end[axis] - (window.kernel[axis] - first - count) * dilation);
  }
  if (std::ranges::min(begins) < 0 || std::ranges::min(ends) < 0) return {};
  ASSIGN_OR_RETURN(Tensor taps, trimmed(weights, reach));
  const std::string name = rewriter.fresh_name(conv.inputs[1] + "/trimmed");
  graph.initializers[name] = std::move(taps);
  conv.inputs[1] = name;
  conv.attributes.erase("auto_pad");
  conv.attributes["kernel_shape"] = kernel;
  conv.attributes["dilations"] = dilations;
  begins.insert(begins.end(), ends.begin(), ends.end());
  conv.attributes["pads"] = begins;
  return {};
}

bool has_constant_weights(const Graph& graph, const Node& conv) {
  const Tensor* const weights = graph.initializer(conv.inputs[1]);
  return weights != nullptr && weights->dtype() == DType::kF32 && weights->shape().rank() == 2 + kAxes;
}

}  // namespace

Status trim_kernels(Graph& graph, const PassOptions&) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  Rewriter rewriter(graph);
  for (Node& node : graph.nodes) {
    if (!is_plain(node, "Conv") || !has_constant_weights(graph, node)) continue;
    const auto image = types.find(node.inputs[0]);
    if (image == types.end() || !image->second.shape || !image->second.shape->is_static()) continue;
    RETURN_IF_ERROR(trim(rewriter, node, *image->second.shape));
  }
  return {};
}

}  // namespace ridgeline::passes
