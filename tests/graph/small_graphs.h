#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

/// What tests of passes build their graphs from, and see of them.
namespace ridgeline::passes {

inline Tensor floats(Shape shape, const std::vector<float>& values) {
  return Tensor::from_values<float>(std::move(shape), values).value();
}

inline Tensor integers(const std::vector<int64_t>& values) {
  return Tensor::from_values<int64_t>({static_cast<int64_t>(values.size())}, values).value();
}

inline Node node(std::string op, std::string name, std::vector<std::string> inputs, std::string output) {
  return {.name = std::move(name),
          .op = std::move(op),
          .inputs = std::move(inputs),
          .outputs = {std::move(output)}};
}

/// Takes "x".
inline Graph graph_of(std::vector<Node> nodes, Shape input, const std::string& output) {
  Graph graph;
  graph.inputs.push_back({"x", {DType::kF32, std::move(input)}, {}});
  graph.outputs.push_back({output, {DType::kF32, std::nullopt}, {}});
  graph.nodes = std::move(nodes);
  return graph;
}

inline std::vector<std::string> ops_of(const Graph& graph) {
  std::vector<std::string> ops;
  for (const Node& each : graph.nodes) ops.push_back(each.op);
  return ops;
}

}  // namespace ridgeline::passes
