#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace ridgeline::train {

/// scale · sin(0.7 i + phase): numbers that a reference elsewhere makes the same way.
inline Tensor waves(Shape shape, double phase, double scale, double offset = 0) {
  std::vector<float> values(static_cast<size_t>(shape.element_count()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(scale * std::sin(0.7 * static_cast<double>(i) + phase)) +
                static_cast<float>(offset);
  return *Tensor::from_values<float>(std::move(shape), values);
}

/// 3 × 6 × 6 images into 3 classes: convolution, norm, rectifier, average, linear layer.
inline Graph tiny_model() {
  Graph graph;
  graph.name = "tiny";
  graph.inputs = {{"input", {DType::kF32, Shape{Shape::kUnknownDim, 3, 6, 6}}, {"batch", "", "", ""}}};
  graph.outputs = {{"logits", {DType::kF32, Shape{Shape::kUnknownDim, 3}}, {"batch", ""}}};
  graph.initializers = {{"conv.weight", waves({4, 3, 3, 3}, 1, 0.3)},
                        {"bn.weight", waves({4}, 2, 0.2, 1)},
                        {"bn.bias", waves({4}, 3, 0.1)},
                        {"bn.running_mean", waves({4}, 0, 0)},
                        {"bn.running_var", waves({4}, 0, 0, 1)},
                        {"fc.weight", waves({3, 4}, 4, 0.5)},
                        {"fc.bias", waves({3}, 5, 0.1)}};
  const auto add = [&](const std::string& op, std::vector<std::string> inputs, const std::string& output,
                       std::map<std::string, Attribute> attributes = {}) {
    graph.nodes.push_back({.name = op,
                           .op = op,
                           .domain = "",
                           .inputs = std::move(inputs),
                           .outputs = {output},
                           .attributes = std::move(attributes)});
  };
  add("Conv", {"input", "conv.weight"}, "a",
      {{"kernel_shape", std::vector<int64_t>{3, 3}},
       {"strides", std::vector<int64_t>{2, 2}},
       {"pads", std::vector<int64_t>(4, 1)}});
  add("BatchNormalization", {"a", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"}, "b",
      {{"epsilon", 1e-5F}});
  add("Relu", {"b"}, "c");
  add("GlobalAveragePool", {"c"}, "d");
  add("Flatten", {"d"}, "e");
  add("Gemm", {"e", "fc.weight", "fc.bias"}, "logits", {{"transB", int64_t{1}}});
  return graph;
}

}  // namespace ridgeline::train
