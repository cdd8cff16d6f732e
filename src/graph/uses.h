#pragma once

#include <set>
#include <string>

#include "graph/graph.h"

namespace ridgeline {

/// Adds the values that a node reads: its inputs and whatever its subgraphs capture from around it.
void collect_uses(const Node& node, std::set<std::string>* used);

/// Values that the nodes and outputs of `graph` take from the graphs around it.
std::set<std::string> captured_values(const Graph& graph);

}  // namespace ridgeline
