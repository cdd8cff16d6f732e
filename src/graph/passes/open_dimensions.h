#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::passes {

/// Opens the batch of every input whose shape is known, and the height and width of the image (the first
/// input of rank 4, N × C × H × W) too where `height_and_width` asks for that; outputs get the shapes that
/// follow. kUnsupported where the graph does not follow the new sizes (a Reshape that has the old ones
/// written in it), and is then as it was.
Status open_dimensions(Graph& graph, bool height_and_width);

}  // namespace ridgeline::passes
