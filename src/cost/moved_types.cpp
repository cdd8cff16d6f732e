#include "cost/moved_types.h"

#include <set>

#include "graph/uses.h"

namespace ridgeline::cost {
namespace {

bool is(const Node& node, std::string_view op) {
  return node.domain.empty() && node.op == op && !node.inputs.empty() && !node.outputs.empty();
}

/// The values that nodes other than QuantizeLinear read, or the model's caller.
std::set<std::string> read_as_they_are(const Graph& graph) {
  std::set<std::string> values;
  for (const Node& node : graph.nodes)
    if (!is(node, "QuantizeLinear")) collect_uses(node, &values);
  for (const ValueInfo& output : graph.outputs) values.insert(output.name);
  return values;
}

void move_as(ValueTypes& types, const std::string& value, const std::string& integers) {
  const auto from = types.find(integers), to = types.find(value);
  if (from != types.end() && to != types.end()) to->second.dtype = from->second.dtype;
}

}  // namespace

ValueTypes moved_types(const Graph& graph, const ValueTypes& types) {
  ValueTypes moved = types;
  const std::set<std::string> as_they_are = read_as_they_are(graph);
  for (const Node& node : graph.nodes) {
    if (is(node, "DequantizeLinear")) move_as(moved, node.outputs[0], node.inputs[0]);
    if (is(node, "QuantizeLinear") && !as_they_are.contains(node.inputs[0]))
      move_as(moved, node.inputs[0], node.outputs[0]);
  }
  return moved;
}

}  // namespace ridgeline::cost
