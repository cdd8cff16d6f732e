#pragma once

#include <memory>
#include <string>

#include "graph/graph.h"

namespace ridgeline::bench {

/// The only model that the race's test engines know, whatever the path says: one open image input,
/// a pooled output. It draws numbers, which native refuses for good, so that the baseline is the reference.
inline Result<Graph> read_race_model(const std::string& path) {
  if (path.find("missing") != std::string::npos) return not_found("{}: no such file", path);
  Graph graph;
  graph.inputs = {{.name = "x", .type = {DType::kF32, Shape{-1, 3, -1, -1}}, .dim_names = {}}};
  graph.outputs = {{.name = "y", .type = {DType::kF32, Shape{-1, 3}}, .dim_names = {}}};
  Node draw, pool, flatten;
  draw.name = draw.op = "RandomUniformLike";
  draw.inputs = {"x"};
  draw.outputs = {"drawn"};
  pool.name = pool.op = "GlobalAveragePool";
  pool.inputs = {"drawn"};
  pool.outputs = {"pooled"};
  flatten.name = flatten.op = "Flatten";
  flatten.inputs = {"pooled"};
  flatten.outputs = {"y"};
  graph.nodes = {draw, pool, flatten};
  graph.source = {
      .path = path, .onnx = std::make_shared<const std::string>("race"), .has_external_data = false};
  return graph;
}

}  // namespace ridgeline::bench
