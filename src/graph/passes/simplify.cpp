#include <algorithm>
#include <map>
#include <set>

#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"
#include "graph/uses.h"

namespace ridgeline::passes {
namespace {

bool is_false(const Graph& graph, const std::string& value) {
  const Tensor* flag = graph.initializer(value);
  return flag != nullptr && flag->dtype() == DType::kBool && flag->element_count() == 1 &&
         !flag->as<bool>()[0];
}

/// Its first output is its first input, and nobody asks for another output.
bool passes_through(const Rewriter& rewriter, const Node& node) {
  if (!node.domain.empty() || !node.has_input(0) || !node.has_output(0)) return false;
  if (node.op == "Identity") return true;
  if (node.op != "Dropout" || (node.has_input(2) && !is_false(rewriter.graph(), node.inputs[2])))
    return false;
  if (!node.has_output(1)) return true;
  const std::string& mask = node.outputs[1];
  return !rewriter.is_read(mask) && !rewriter.is_graph_output(mask) && !rewriter.is_captured(mask);
}

/// Values that are read under another name.
using Aliases = std::map<std::string, std::string>;

void rename_reads(Graph& graph, const Aliases& aliases) {
  for (Node& node : graph.nodes)
    for (std::string& input : node.inputs)
      if (const auto alias = aliases.find(input); alias != aliases.end()) input = alias->second;
}

/// A graph output that only passes a value on keeps its name: whoever makes the value makes the output
/// instead. False where both names must stay.
bool give_output_name(Rewriter& rewriter, const Node& node) {
  const std::string from = node.inputs[0], to = node.outputs[0];
  const auto producer = rewriter.producer(from);
  if (!producer || rewriter.is_graph_output(from) || rewriter.is_captured(from)) return false;
  for (std::string& output : rewriter.node(*producer).outputs)
    if (output == from) output = to;
  rename_reads(rewriter.graph(), {{from, to}});
  return true;
}

Status remove_inner_identities(Graph& graph) {
  Rewriter rewriter(graph);
  Aliases aliases;
  for (size_t index = 0; index < rewriter.node_count(); ++index) {
    const Node& node = rewriter.node(index);
    if (!passes_through(rewriter, node)) continue;
    const std::string& output = node.outputs[0];
    if (rewriter.is_graph_output(output) || rewriter.is_captured(output)) continue;
    const auto origin = aliases.find(node.inputs[0]);
    aliases[output] = origin == aliases.end() ? node.inputs[0] : origin->second;
    rewriter.drop(index);
  }
  rename_reads(graph, aliases);
  rewriter.finish();
  return {};
}

/// At most one per graph output; each changes who makes what, so the graph is read anew.
bool remove_one_output_identity(Graph& graph) {
  Rewriter rewriter(graph);
  for (size_t index = 0; index < rewriter.node_count(); ++index) {
    const Node node = rewriter.node(index);
    if (!passes_through(rewriter, node) || !rewriter.is_graph_output(node.outputs[0])) continue;
    if (!give_output_name(rewriter, node)) continue;
    rewriter.drop(index);
    rewriter.finish();
    return true;
  }
  return false;
}

}  // namespace

Status fix_input_shapes(Graph& graph, const PassOptions& options) {
  const Result<TypeMap> types = infer_types(graph, options.input_shapes);
  if (!types.ok()) return types.status();
  for (ValueInfo& input : graph.inputs) {
    const auto given = options.input_shapes.find(input.name);
    if (given == options.input_shapes.end()) continue;
    input.type.shape = given->second;
    for (size_t axis = 0; axis < std::min(input.dim_names.size(), given->second.rank()); ++axis)
      if (given->second[axis] >= 0) input.dim_names[axis].clear();
  }
  return {};
}

Status remove_identities(Graph& graph, const PassOptions&) {
  RETURN_IF_ERROR(remove_inner_identities(graph));
  while (remove_one_output_identity(graph)) {
  }
  return {};
}

Status remove_dead_code(Graph& graph, const PassOptions&) {
  std::set<std::string> used;
  for (const ValueInfo& output : graph.outputs) used.insert(output.name);
  Rewriter rewriter(graph);
  for (size_t index = graph.nodes.size(); index-- > 0;) {
    const Node& node = graph.nodes[index];
    const bool is_used = std::any_of(node.outputs.begin(), node.outputs.end(),
                                     [&](const std::string& output) { return used.contains(output); });
    if (is_used)
      collect_uses(node, &used);
    else
      rewriter.drop(index);
  }
  rewriter.finish();
  std::erase_if(graph.initializers, [&](const auto& entry) { return !used.contains(entry.first); });
  return {};
}

}  // namespace ridgeline::passes
