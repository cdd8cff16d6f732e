#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::quantize {

/// The graph as quantisation takes it: constants and batch norms folded, nothing left that no output needs.
Result<Graph> prepare(const Graph& graph);

/// A Conv, Gemm or MatMul with constant FP32 weights.
struct Layer {
  size_t node = 0;  ///< index
  std::string name;
  std::string op;
  int64_t channels = 1;  ///< each with its own weight scale
  int64_t inner = 1;     ///< weight element i belongs to channel i / inner % channels
  int64_t axis = 0;      ///< of the weights, over the channels
};

/// In the graph's order.
std::vector<Layer> layers_of(const Graph& prepared);

/// Which layers compute in INT8, and which values are held in 8 bits.
struct Plan {
  std::vector<Layer> layers;
  /// Value by value the one whose range it takes: its own, or that of what it only moves.
  std::map<std::string, std::string> points;
  /// Indices of the layers, of what stays in 8 bits between them, and of the activations behind both.
  std::set<size_t> int8_nodes;
};

/// All layers but those in `float_layers` (by name) compute in INT8. Their inputs are points, and so is the
/// result of a Conv behind its activation, because engines fuse just that. Pools, residual additions and
/// moves stay in 8 bits where they lie between such layers. A graph's outputs stay floats.
Plan plan(const Graph& prepared, const std::set<std::string>& float_layers);

/// Every value that is a point, whichever layers are left in float.
std::vector<std::string> values_to_observe(const Graph& prepared);

}  // namespace ridgeline::quantize
