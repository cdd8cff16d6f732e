#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "formats/state_dict.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// Fills the initializers of `graph` by name, floats converted to the graph's type. BatchNorm's counters
/// (….num_batches_tracked), which no graph holds, are accepted. kInvalidArgument lists what is missing,
/// unexpected, or of another shape or kind; the graph is then as it was.
Status load_weights(const StateDict& weights, Graph& graph);

/// The graph's initializers in the order of its nodes, as PyTorch's state_dict() lists them: with a counter
/// of 0 behind each BatchNormalization's statistics. Metadata come along.
StateDict weights_of(const Graph& graph);

struct GraphOptions {
  std::string model;          ///< the zoo's name; "" leaves it to the weights
  int64_t image_size = 0;     ///< 0: what the weights say, else 224
  int64_t projection = 0;     ///< a seeded random projection behind weights that have none
  bool dynamic_size = false;  ///< height and width are free, not only the batch
};

/// The zoo's model that the weights are of, filled with them, their metadata carried over. `what` (a file) is
/// named in errors: kUnsupported for another model, kInvalidArgument where tensors don't fit.
Result<Graph> graph_of(const StateDict& weights, std::string_view what, const GraphOptions& options = {});

}  // namespace ridgeline::formats
