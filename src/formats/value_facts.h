#pragma once

#include "formats/graph_builder.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// Notes the element type and rank of the node's outputs where the file has not said them and they follow
/// from the op and its inputs alone. Less than shape inference, which needs opset-17 nodes: this is what
/// turns older nodes into those.
void note_output_facts(const Node& node, GraphBuilder& builder);

}  // namespace ridgeline::formats
