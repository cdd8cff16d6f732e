#include <functional>
#include <queue>
#include <set>
#include <unordered_map>

#include "graph/graph.h"
#include "graph/uses.h"

namespace ridgeline {
namespace {

constexpr size_t kOutside = SIZE_MAX;  // a graph input or an initializer

using Producers = std::unordered_map<std::string, size_t>;

/// Who makes each value: a node's index, or kOutside.
Result<Producers> find_producers(const Graph& graph) {
  Producers producers;
  for (const ValueInfo& input : graph.inputs) producers.emplace(input.name, kOutside);
  for (const auto& [name, tensor] : graph.initializers) producers.emplace(name, kOutside);
  for (size_t index = 0; index < graph.nodes.size(); ++index)
    for (const std::string& output : graph.nodes[index].outputs)
      if (!output.empty() && !producers.emplace(output, index).second)
        return invalid_argument("{}: value '{}' is made twice: give each value its own name",
                                graph.nodes[index].describe(), output);
  return producers;
}

struct Edges {
  std::vector<std::vector<size_t>> consumers;  // by producer
  std::vector<size_t> missing;                 // producers not placed yet, by consumer
};

/// A value that nobody makes is an error in a model's graph and a captured one in a subgraph.
Result<Edges> find_edges(const Graph& graph, const Producers& producers, bool is_subgraph) {
  Edges edges{std::vector<std::vector<size_t>>(graph.nodes.size()),
              std::vector<size_t>(graph.nodes.size(), 0)};
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    std::set<std::string> used;
    collect_uses(graph.nodes[index], &used);
    for (const std::string& value : used) {
      const auto producer = producers.find(value);
      if (producer == producers.end()) {
        if (is_subgraph) continue;
        return invalid_argument("{}: its input '{}' is made by no node, graph input or initializer",
                                graph.nodes[index].describe(), value);
      }
      if (producer->second == kOutside) continue;
      edges.consumers[producer->second].push_back(index);
      ++edges.missing[index];
    }
  }
  return edges;
}

Status sort_graph(Graph& graph, bool is_subgraph);

Status sort_subgraphs(Node& node) {
  for (auto& [name, attribute] : node.attributes) {
    auto* nested = std::get_if<std::shared_ptr<const Graph>>(&attribute);
    if (nested == nullptr) continue;
    auto sorted = std::make_shared<Graph>(**nested);
    RETURN_IF_ERROR(sort_graph(*sorted, true).with_context(node.describe()));
    *nested = std::move(sorted);
  }
  return {};
}

Status sort_graph(Graph& graph, bool is_subgraph) {
  for (Node& node : graph.nodes) RETURN_IF_ERROR(sort_subgraphs(node));
  ASSIGN_OR_RETURN(const Producers producers, find_producers(graph));
  ASSIGN_OR_RETURN(Edges edges, find_edges(graph, producers, is_subgraph));
  for (const ValueInfo& output : graph.outputs)
    if (!is_subgraph && !producers.contains(output.name))
      return invalid_argument("graph output '{}' is made by no node", output.name);

  // The earliest ready node goes first, so that a graph in order stays as it is.
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t index = 0; index < graph.nodes.size(); ++index)
    if (edges.missing[index] == 0) ready.push(index);
  std::vector<Node> sorted;
  sorted.reserve(graph.nodes.size());
  while (!ready.empty()) {
    const size_t index = ready.top();
    ready.pop();
    for (const size_t consumer : edges.consumers[index])
      if (--edges.missing[consumer] == 0) ready.push(consumer);
    sorted.push_back(std::move(graph.nodes[index]));
  }
  if (sorted.size() == graph.nodes.size()) {
    graph.nodes = std::move(sorted);
    return {};
  }
  size_t stuck = 0;
  while (edges.missing[stuck] == 0) ++stuck;
  return invalid_argument("{}: depends on its own output: the graph has a cycle",
                          graph.nodes[stuck].describe());
}

}  // namespace

Status sort_topologically(Graph& graph) { return sort_graph(graph, false); }

}  // namespace ridgeline
