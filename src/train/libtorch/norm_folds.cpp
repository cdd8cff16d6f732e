#include "train/libtorch/norm_folds.h"

#include <algorithm>
#include <optional>

namespace ridgeline::train {
namespace {

/// Who reads each value: nodes, and -1 for a reader outside of the nodes.
using Readers = std::multimap<std::string, std::ptrdiff_t>;

Readers readers_of(const Graph& graph) {
  Readers readers;
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    for (const std::string& name : graph.nodes[i].inputs)
      readers.emplace(name, static_cast<std::ptrdiff_t>(i));
  for (const ValueInfo& output : graph.outputs) readers.emplace(output.name, -1);
  return readers;
}

/// The one node of that kind that alone reads the value.
std::optional<size_t> only_reader(const Graph& graph, const Readers& readers, const std::string& value,
                                  const std::string& op) {
  const auto [first, last] = readers.equal_range(value);
  if (first == last || std::next(first) != last || first->second < 0) return std::nullopt;
  const auto index = static_cast<size_t>(first->second);
  return graph.nodes[index].op == op ? std::optional(index) : std::nullopt;
}

}  // namespace

bool is_batch_norm(const Node& node) { return node.op == "BatchNormalization" && node.domain.empty(); }

NormFolds norm_folds(const Graph& graph, std::span<const std::string> frozen) {
  const Readers readers = readers_of(graph);
  NormFolds folds;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!is_batch_norm(node) || std::find(frozen.begin(), frozen.end(), node.inputs[3]) != frozen.end())
      continue;
    const auto add = only_reader(graph, readers, node.outputs[0], "Add");
    const auto relu =
        only_reader(graph, readers, add ? graph.nodes[*add].outputs[0] : node.outputs[0], "Relu");
    const bool is_taken = relu && folds.by_last.contains(*relu);  // by the other of two norms that are added
    NormFold fold{.norm = i, .residual = {}, .relu = relu && !is_taken};
    if (fold.relu) {
      folds.inner.insert(i);
      if (add) {
        const auto& terms = graph.nodes[*add].inputs;
        fold.residual = terms[terms[0] == node.outputs[0] ? 1 : 0];
        folds.inner.insert(*add);
      }
    }
    folds.by_last.emplace(fold.relu ? *relu : i, std::move(fold));
  }
  return folds;
}

}  // namespace ridgeline::train
