#include "quantized_graph.h"

#include <algorithm>
#include <cmath>

namespace ridgeline {
namespace {

constexpr int64_t kBatch = 2, kSide = 9;
constexpr float kWeightSpread = 40;  // steps

}  // namespace

QuantizedGraphMaker::QuantizedGraphMaker(uint64_t seed, const WritingStyle& style)
    : rng_(seed), style_(style) {
  const int64_t channels = std::array{3, 16, 70}[below(3)];
  graph_.inputs = {{"x", {DType::kF32, Shape{kBatch, channels, kSide, kSide}}, {}}};
  values_ = {quantize({"x", channels, kSide, 1, false})};
}

std::string QuantizedGraphMaker::keep(Tensor tensor) {
  const std::string name = "c" + std::to_string(graph_.initializers.size());
  graph_.initializers[name] = std::move(tensor);
  return name;
}

std::string QuantizedGraphMaker::floats(std::vector<float> values, Shape shape) {
  return keep(Tensor::from_values<float>(std::move(shape), std::span<const float>(values)).value());
}

std::string QuantizedGraphMaker::node(const std::string& op, std::vector<std::string> inputs,
                                      std::map<std::string, Attribute> attributes) {
  const std::string name = "v" + std::to_string(graph_.nodes.size());
  graph_.nodes.push_back({.name = name + "." + op,
                          .op = op,
                          .inputs = std::move(inputs),
                          .outputs = {name},
                          .attributes = std::move(attributes)});
  return name;
}

/// As floats.
std::string QuantizedGraphMaker::read(const Value& value) {
  if (style_.shares_dequantised) return value.floats;
  const auto shared =
      std::ranges::find_if(graph_.nodes, [&](const Node& each) { return each.outputs[0] == value.floats; });
  return node("DequantizeLinear", shared->inputs);
}

QuantizedGraphMaker::Value QuantizedGraphMaker::quantize(const Made& made, float scale, int32_t zero) {
  Tensor point = Tensor::zeros(style_.activations, {}).value();
  point.as<uint8_t>()[0] = static_cast<uint8_t>(zero);
  const std::string scale_name = floats({scale}, {}), zero_name = keep(point);
  Value value{
      .channels = made.channels, .side = made.side, .scale = scale, .zero = zero, .spread = made.spread};
  value.integers = node("QuantizeLinear", {made.name, scale_name, zero_name});
  value.floats = node("DequantizeLinear", {value.integers, scale_name, zero_name});
  return value;
}

QuantizedGraphMaker::Value QuantizedGraphMaker::quantize(const Made& made) {
  const int32_t lowest = style_.activations == DType::kU8 ? 0 : -128;
  const auto step =
      made.spread * static_cast<float>(0.9 + 0.2 * rng_.uniform()) / 255;  // no sum is half of it
  if (made.is_positive) return quantize(made, step * 3, lowest);
  return quantize(made, step * 6, lowest + 120 + static_cast<int32_t>(below(20)));
}

std::string QuantizedGraphMaker::weights(const Shape& shape, int64_t axis, float scale,
                                         std::vector<float>& scales) {
  const auto channels = static_cast<size_t>(shape[static_cast<size_t>(axis)]);
  const int32_t zero = style_.weights == DType::kU8 ? 128 : 0;
  Tensor steps = Tensor::zeros(style_.weights, shape).value();
  for (uint8_t& step : steps.as<uint8_t>()) {
    const double drawn = rng_.normal() * std::min(kWeightSpread, style_.weight_limit / 3);
    const auto limit = static_cast<double>(style_.weight_limit);
    step = static_cast<uint8_t>(zero + static_cast<int32_t>(std::clamp(std::round(drawn), -limit, limit)));
  }
  scales.assign(channels, scale);
  if (style_.by_channel)
    for (float& each : scales) each *= static_cast<float>(0.5 + rng_.uniform());
  Tensor zeros =
      Tensor::zeros(style_.weights, style_.by_channel ? Shape{shape[static_cast<size_t>(axis)]} : Shape{})
          .value();
  std::ranges::fill(zeros.as<uint8_t>(), static_cast<uint8_t>(zero));
  const std::string scale_name =
      style_.by_channel ? floats(scales, {static_cast<int64_t>(channels)}) : floats({scale}, {});
  return node("DequantizeLinear", {keep(steps), scale_name, keep(zeros)}, {{"axis", axis}});
}

std::string QuantizedGraphMaker::bias(const std::vector<float>& scales, float input_scale) {
  const Shape shape{static_cast<int64_t>(scales.size())};
  Tensor steps = Tensor::zeros(DType::kI32, shape).value();
  for (int32_t& step : steps.as<int32_t>()) step = static_cast<int32_t>(rng_.normal() * 2000);
  std::vector<float> products;
  for (const float scale : scales) products.push_back(scale * input_scale);
  const std::string scale_name = style_.by_channel ? floats(products, shape) : floats({products[0]}, {});
  const std::string zero_name = keep(Tensor::zeros(DType::kI32, style_.by_channel ? shape : Shape{}).value());
  return node("DequantizeLinear", {keep(steps), scale_name, zero_name}, {{"axis", int64_t{0}}});
}

QuantizedGraphMaker::Made QuantizedGraphMaker::conv(const Value& x) {
  const int64_t kernel = std::array{1, 3, 5}[below(3)], stride = 1 + static_cast<int64_t>(below(2));
  const bool is_depthwise = below(4) == 0;
  const int64_t channels = is_depthwise ? x.channels : std::array{5, 16, 33, 64, 130}[below(5)];
  return conv(x, {channels, kernel, stride, is_depthwise ? x.channels : 1});
}

QuantizedGraphMaker::Made QuantizedGraphMaker::conv(const Value& x, const Layer& layer) {
  const auto& [channels, kernel, stride, groups] = layer;
  const int64_t terms = x.channels / groups * kernel * kernel;
  const float scale = 1 / (std::sqrt(static_cast<float>(terms)) * kWeightSpread);
  std::vector<float> scales;
  const std::string weight = weights({channels, x.channels / groups, kernel, kernel}, 0, scale, scales);
  std::vector<std::string> inputs = {read(x), weight};
  if (below(3) != 0) inputs.push_back(bias(scales, x.scale));
  const std::string made = node("Conv", inputs,
                                {{"pads", std::vector<int64_t>(4, kernel / 2)},
                                 {"strides", std::vector<int64_t>{stride, stride}},
                                 {"group", groups}});
  return {made, channels, (x.side - 1) / stride + 1, x.spread, false};
}

QuantizedGraphMaker::Made QuantizedGraphMaker::activation(Made made) {
  const size_t kind = below(3);
  if (kind == 0) return made;
  made.name = kind == 1 ? node("Relu", {made.name})
                        : node("Clip", {made.name, floats({0}, {}), floats({made.spread * 2}, {})});
  made.is_positive = true;
  return made;
}

QuantizedGraphMaker::Made QuantizedGraphMaker::gemm(const Value& x) {
  const int64_t terms = x.channels * x.side * x.side, columns = std::array{5, 33}[below(2)];
  const Made flat{node("Flatten", {read(x)}), terms, 1, x.spread, false};
  const Value moved = quantize(flat, x.scale, x.zero);
  const float scale = 1 / (std::sqrt(static_cast<float>(terms)) * kWeightSpread);
  const int64_t by_row = static_cast<int64_t>(below(2));
  std::vector<float> scales;
  const std::string weight =
      weights(by_row == 1 ? Shape{columns, terms} : Shape{terms, columns}, 1 - by_row, scale, scales);
  std::vector<std::string> inputs = {read(moved), weight};
  std::string made;
  if (by_row == 0 && below(2) == 0) {
    made = node("MatMul", inputs);
  } else {
    inputs.push_back(bias(scales, x.scale));
    made = node("Gemm", inputs, {{"transB", by_row}});
  }
  const std::string shape =
      keep(Tensor::from_values<int64_t>(
               {4}, std::span<const int64_t>(std::array<int64_t, 4>{kBatch, columns, 1, 1}))
               .value());
  const Value rows = quantize({made, columns, 1, x.spread, false});
  return {node("Reshape", {read(rows), shape}), columns, 1, x.spread, false};
}

/// An image times a factor of each channel, which is made of its means; the image is a function of steps, or
/// these themselves.
QuantizedGraphMaker::Made QuantizedGraphMaker::squeeze(const Value& x) {
  const std::string value = read(x);
  const size_t kind = below(4);
  const std::string image = kind == 0   ? value
                            : kind == 1 ? node("Relu", {value})
                            : kind == 2 ? node("HardSwish", {value})
                                        : node("Mul", {value, node("Sigmoid", {value})});
  const Value mean = quantize({node("GlobalAveragePool", {image}), x.channels, 1, x.spread / 2, kind == 1});
  const Value excited = quantize(conv(mean, {.channels = x.channels}));
  const std::string factor = node(below(2) == 0 ? "Sigmoid" : "HardSigmoid", {read(excited)});
  const bool image_first = below(2) == 0;
  return {node("Mul", {image_first ? image : factor, image_first ? factor : image}), x.channels, x.side,
          x.spread, kind == 1};
}

/// With another value of the same shape, or a convolution made for it.
QuantizedGraphMaker::Made QuantizedGraphMaker::add(const Value& x) {
  std::vector<Value> others;
  for (const Value& other : values_)
    if (other.integers != x.integers && other.channels == x.channels && other.side == x.side)
      others.push_back(other);
  const Value other = others.empty() ? x : others[below(others.size())];
  return activation(
      {node("Add", {read(x), read(other)}), x.channels, x.side, x.spread + other.spread, false});
}

QuantizedGraphMaker::Made QuantizedGraphMaker::make(size_t kind, const Value& x) {
  const std::vector<int64_t> three{3, 3}, ones(4, 1);
  const auto same = [&](const std::string& name) { return Made{name, x.channels, x.side, x.spread, false}; };
  switch (kind) {
    case 4:
      return add(x);
    case 5:
      return activation(same(node("AveragePool", {read(x)}, {{"kernel_shape", three}, {"pads", ones}})));
    case 6:
      return {node("GlobalAveragePool", {read(x)}), x.channels, 1, x.spread / 2, false};
    case 7: {
      const Value other = any();
      if (other.side != x.side) return same(node("Sigmoid", {read(x)}));
      return {node("Concat", {read(x), read(other)}, {{"axis", int64_t{1}}}), x.channels + other.channels,
              x.side, std::max(x.spread, other.spread), false};
    }
    case 8:
      return same(node("HardSwish", {read(x)}));
    case 9: {
      const std::string value = read(x);
      return same(node("Mul", {value, node("Sigmoid", {value})}));
    }
    case 10:
      return same(node("MaxPool", {read(x)}, {{"kernel_shape", three}, {"pads", ones}}));
    case 11:
      return x.channels * x.side * x.side > 4000 ? activation(conv(x)) : gemm(x);
    case 12:
      return squeeze(x);
    default:
      return activation(conv(x));
  }
}

void QuantizedGraphMaker::grow(size_t kind) {
  const Value x = any();
  if (kind == 3) {  // a residual block's end
    const Value left = quantize(conv(x));
    for (const Value& right : std::vector(values_))
      if (right.channels == left.channels && right.side == left.side) {
        const Made sum{node("Add", {read(right), read(left)}), left.channels, left.side,
                       left.spread + right.spread, false};
        values_.push_back(quantize(activation(sum)));
        return;
      }
    values_.push_back(left);
    return;
  }
  const Made made = make(kind, x);
  const bool keeps_scale = kind == 10 && below(2) == 0;
  values_.push_back(keeps_scale ? quantize(made, x.scale, x.zero) : quantize(made));
}

Graph QuantizedGraphMaker::finish(size_t outputs) {
  for (size_t i = values_.size() - std::min(outputs, values_.size()); i < values_.size(); ++i) {
    graph_.outputs.push_back({read(values_[i]), {DType::kF32, std::nullopt}, {}});
    output_steps_.push_back(values_[i].scale);
  }
  return graph_;
}

}  // namespace ridgeline
