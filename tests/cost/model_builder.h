#pragma once

#include <string>
#include <vector>

#include "cost/analysis.h"

namespace ridgeline::cost {

/// Builds graphs whose values' types are stated, not inferred.
class ModelBuilder {
 public:
  ModelBuilder& value(const std::string& name, Shape shape, DType dtype = DType::kF32) {
    types[name] = {dtype, std::move(shape)};
    return *this;
  }
  ModelBuilder& weight(const std::string& name, const Shape& shape, DType dtype = DType::kF32) {
    graph.initializers[name] = Tensor::zeros(dtype, shape).value();
    return value(name, shape, dtype);
  }
  Node& node(const std::string& op, std::vector<std::string> inputs, const std::string& output, Shape shape) {
    value(output, std::move(shape));
    graph.nodes.push_back({output, op, "", std::move(inputs), {output}, {}});
    return graph.nodes.back();
  }
  ModelBuilder& returns(const std::string& name) {
    graph.outputs.push_back({name, types[name], {}});
    return *this;
  }

  Graph graph;
  ValueTypes types;
};

/// conv → bn → relu → conv → bn, added to the first relu's value, → relu: a residual block.
inline ModelBuilder residual_block() {
  ModelBuilder model;
  const Shape map{1, 8, 4, 4};
  model.value("x", map);
  for (const char* name : {"w1", "w2"}) model.weight(name, {8, 8, 3, 3});
  for (const char* name : {"scale", "bias", "mean", "var"}) model.weight(name, {8});
  model.node("Conv", {"x", "w1"}, "c1", map);
  model.node("BatchNormalization", {"c1", "scale", "bias", "mean", "var"}, "b1", map);
  model.node("Relu", {"b1"}, "r1", map);
  model.node("Conv", {"r1", "w2"}, "c2", map);
  model.node("BatchNormalization", {"c2", "scale", "bias", "mean", "var"}, "b2", map);
  model.node("Add", {"b2", "r1"}, "s", map);
  model.node("Relu", {"s"}, "y", map);
  model.returns("y");
  return model;
}

}  // namespace ridgeline::cost
