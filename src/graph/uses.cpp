#include "graph/uses.h"

namespace ridgeline {

void collect_uses(const Node& node, std::set<std::string>* used) {
  for (const std::string& input : node.inputs)
    if (!input.empty()) used->insert(input);
  for (const auto& [name, attribute] : node.attributes)
    if (const auto* nested = std::get_if<std::shared_ptr<const Graph>>(&attribute))
      used->merge(captured_values(**nested));
}

std::set<std::string> captured_values(const Graph& graph) {
  std::set<std::string> used;
  for (const Node& node : graph.nodes) collect_uses(node, &used);
  for (const ValueInfo& output : graph.outputs) used.insert(output.name);
  for (const ValueInfo& input : graph.inputs) used.erase(input.name);
  for (const auto& [name, tensor] : graph.initializers) used.erase(name);
  for (const Node& node : graph.nodes)
    for (const std::string& output : node.outputs) used.erase(output);
  return used;
}

}  // namespace ridgeline
