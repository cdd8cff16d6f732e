#pragma once

#include <array>
#include <memory>
#include <string>

#include "graph/graph.h"

namespace ridgeline::bench {

/// The only model that the race's test engines know, whatever the path says: of an open image input, the
/// first pixel of each channel. Other engines that run it too agree with them.
inline Result<Graph> read_race_model(const std::string& path) {
  if (path.find("missing") != std::string::npos) return not_found("{}: no such file", path);
  Graph graph;
  graph.inputs = {{.name = "x", .type = {DType::kF32, Shape{-1, 3, -1, -1}}, .dim_names = {}}};
  graph.outputs = {{.name = "y", .type = {DType::kF32, Shape{-1, 3}}, .dim_names = {}}};
  const auto pair = [](int64_t first, int64_t second) {
    return Tensor::from_values<int64_t>({2}, std::array{first, second}).value();
  };
  graph.initializers = {{"starts", pair(0, 0)}, {"ends", pair(1, 1)}, {"axes", pair(2, 3)}};
  Node slice, flatten;
  slice.name = slice.op = "Slice";
  slice.inputs = {"x", "starts", "ends", "axes"};
  slice.outputs = {"pixel"};
  flatten.name = flatten.op = "Flatten";
  flatten.inputs = {"pixel"};
  flatten.outputs = {"y"};
  graph.nodes = {slice, flatten};
  graph.source = {
      .path = path, .onnx = std::make_shared<const std::string>("race"), .has_external_data = false};
  return graph;
}

}  // namespace ridgeline::bench
