#pragma once

#include <string>

#include "base/json.h"
#include "graph/graph.h"

namespace ridgeline::cli {

/// What a written model is: {"name", "opset", "nodes", "parameters", "inputs":[{"name", "dtype", "shape"}],
/// "outputs"}.
Json describe_model(const Graph& graph, int64_t opset);

/// The same as lines of text, the first beginning with the file's name.
std::string model_text(const std::string& file, const Graph& graph, int64_t opset);

}  // namespace ridgeline::cli
