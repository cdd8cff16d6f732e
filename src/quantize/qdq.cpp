#include "quantize/qdq.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"
#include "quantize/plan.h"

namespace ridgeline::quantize {
namespace {

template <typename T>
Result<Tensor> scalar(T value) {
  return Tensor::from_values<T>({}, std::span<const T>(&value, 1));
}

/// round(value / scale) within ±limit, halves to even as QuantizeLinear does.
double quantized(float value, double scale, double limit) {
  return std::clamp(std::nearbyint(double{value} / scale), -limit, limit);
}

/// The least scales at which the biases, at `input_scale` times them, fit 31 bits.
void make_room_for_bias(std::span<const float> bias, float input_scale, std::vector<float>& scales) {
  constexpr double kMostSteps = 0x7fffff00;  // a little below 2^31, for the rounding of scales to FP32
  for (size_t channel = 0; channel < bias.size(); ++channel)
    scales[channel] = std::max(
        scales[channel], static_cast<float>(std::abs(double{bias[channel]}) / kMostSteps / input_scale));
}

bool all_finite(const Tensor& tensor) {
  return std::ranges::all_of(tensor.as<float>(), [](float value) { return std::isfinite(value); });
}

class Writer {
 public:
  Writer(Graph& graph, const Ranges& ranges) : graph_(graph), names_(graph), ranges_(ranges) {}

  Status run(const Plan& plan) {
    for (const Layer& layer : plan.layers) RETURN_IF_ERROR(write_layer(layer, plan));
    for (const auto& [value, range_of] : plan.points) RETURN_IF_ERROR(write_point(value, range_of));
    RETURN_IF_ERROR(sort_topologically(graph_));
    return passes::remove_dead_code(graph_, {});
  }

 private:
  Result<ActivationScale> scale_of(const std::string& value) const {
    const auto range = ranges_.find(value);
    if (range == ranges_.end()) return invalid_argument("no range is known for '{}'", value);
    return activation_scale(range->second);
  }

  void add_node(const char* op, std::vector<std::string> inputs, const std::string& output) {
    graph_.nodes.push_back({.name = output,
                            .op = op,
                            .domain = "",
                            .inputs = std::move(inputs),
                            .outputs = {output},
                            .attributes = {}});
  }

  std::string keep(const std::string& wish, Tensor tensor) {
    std::string name = names_.fresh_name(wish);
    graph_.initializers[name] = std::move(tensor);
    return name;
  }

  /// All nodes that read `value` now read it from 8 bits.
  Status write_point(const std::string& value, const std::string& range_of) {
    ASSIGN_OR_RETURN(const ActivationScale scale, scale_of(range_of));
    ASSIGN_OR_RETURN(Tensor scale_tensor, scalar(scale.scale));
    ASSIGN_OR_RETURN(Tensor zero_tensor, scalar(scale.zero_point));
    const std::string scale_name = keep(value + "/scale", std::move(scale_tensor));
    const std::string zero_name = keep(value + "/zero_point", std::move(zero_tensor));
    const std::string integers = names_.fresh_name(value + "/quantized");
    const std::string floats = names_.fresh_name(value + "/dequantized");
    for (Node& node : graph_.nodes) std::ranges::replace(node.inputs, value, floats);
    add_node("QuantizeLinear", {value, scale_name, zero_name}, integers);
    add_node("DequantizeLinear", {integers, scale_name, zero_name}, floats);
    return {};
  }

  /// A constant in integers, and the float values that a layer reads instead of it.
  Result<std::string> dequantize(const std::string& wish, Tensor integers, std::span<const float> scales,
                                 int64_t axis) {
    const Shape per_channel{static_cast<int64_t>(scales.size())};
    ASSIGN_OR_RETURN(Tensor scale_tensor, Tensor::from_values<float>(per_channel, scales));
    ASSIGN_OR_RETURN(Tensor zero_tensor, Tensor::zeros(integers.dtype(), per_channel));
    const std::string floats = names_.fresh_name(wish + "/dequantized");
    add_node("DequantizeLinear",
             {keep(wish + "/quantized", std::move(integers)), keep(wish + "/scale", std::move(scale_tensor)),
              keep(wish + "/zero_point", std::move(zero_tensor))},
             floats);
    graph_.nodes.back().attributes["axis"] = axis;
    return floats;
  }

  Status write_layer(const Layer& layer, const Plan& plan) {
    const Node node = graph_.nodes[layer.node];  // a copy: nodes are added
    const Tensor weights = *graph_.initializer(node.inputs[1]);
    const Tensor bias = node.has_input(2) ? *graph_.initializer(node.inputs[2]) : Tensor();
    if (!all_finite(weights) || (!bias.empty() && !all_finite(bias)))
      return invalid_argument("{}: a NaN or an infinity among its weights", node.describe());
    ASSIGN_OR_RETURN(const ActivationScale input, scale_of(plan.points.at(node.inputs[0])));
    std::vector<float> scales = weight_scales(weights.as<float>(), layer.channels, layer.inner);
    if (!bias.empty()) make_room_for_bias(bias.as<float>(), input.scale, scales);
    ASSIGN_OR_RETURN(Tensor small, Tensor::zeros(DType::kI8, weights.shape()));
    for (size_t i = 0; i < weights.as<float>().size(); ++i) {
      const float scale = scales[i / static_cast<size_t>(layer.inner) % scales.size()];
      small.as<int8_t>()[i] = static_cast<int8_t>(quantized(weights.as<float>()[i], scale, 127));
    }
    ASSIGN_OR_RETURN(graph_.nodes[layer.node].inputs[1],
                     dequantize(node.inputs[1], std::move(small), scales, layer.axis));
    return bias.empty() ? Status() : write_bias(layer, bias, input.scale, scales);
  }

  Status write_bias(const Layer& layer, const Tensor& bias, float input_scale, std::vector<float> scales) {
    ASSIGN_OR_RETURN(Tensor integers, Tensor::zeros(DType::kI32, bias.shape()));
    for (size_t channel = 0; channel < scales.size(); ++channel) {
      scales[channel] = std::max(scales[channel] * input_scale, std::numeric_limits<float>::min());
      integers.as<int32_t>()[channel] = static_cast<int32_t>(
          quantized(bias.as<float>()[channel], scales[channel], std::numeric_limits<int32_t>::max()));
    }
    const std::string name = graph_.nodes[layer.node].inputs[2];
    ASSIGN_OR_RETURN(graph_.nodes[layer.node].inputs[2], dequantize(name, std::move(integers), scales, 0));
    return {};
  }

  Graph& graph_;
  passes::Rewriter names_;
  const Ranges& ranges_;
};

}  // namespace

Result<Graph> write_qdq(const Graph& prepared, const Ranges& ranges,
                        const std::set<std::string>& float_layers) {
  Graph graph = prepared;
  RETURN_IF_ERROR(Writer(graph, ranges).run(plan(prepared, float_layers)));
  return graph;
}

}  // namespace ridgeline::quantize
