#pragma once

#include <memory>
#include <string>

#include "graph/graph.h"

namespace ridgeline::bench {

/// The only model that the race's test engines know, whatever the path says: one open image input,
/// a pooled output. Its op is one that native refuses, so that the baseline is the reference.
inline Result<Graph> read_race_model(const std::string& path) {
  if (path.find("missing") != std::string::npos) return not_found("{}: no such file", path);
  Graph graph;
  graph.inputs = {{.name = "x", .type = {DType::kF32, Shape{-1, 3, -1, -1}}, .dim_names = {}}};
  graph.outputs = {{.name = "y", .type = {DType::kF32, Shape{-1, 3}}, .dim_names = {}}};
  Node pool, flatten;
  pool.name = pool.op = "GlobalLpPool";
  pool.inputs = {"x"};
  pool.outputs = {"pooled"};
  flatten.name = flatten.op = "Flatten";
  flatten.inputs = {"pooled"};
  flatten.outputs = {"y"};
  graph.nodes = {pool, flatten};
  graph.source = {
      .path = path, .onnx = std::make_shared<const std::string>("race"), .has_external_data = false};
  return graph;
}

}  // namespace ridgeline::bench
