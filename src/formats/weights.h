#pragma once

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

}  // namespace ridgeline::formats
