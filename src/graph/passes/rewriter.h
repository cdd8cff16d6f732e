#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"

namespace ridgeline::passes {

/// An operator of ONNX's own.
inline bool is_plain(const Node& node, std::string_view op) { return node.domain.empty() && node.op == op; }

/// A node's input where that is an FP32 initializer of this rank, else null.
const Tensor* f32_constant(const Graph& graph, const Node& node, size_t input, size_t rank);

/// A value's shape where it is FP32 and all of it is known, else null.
const Shape* f32_shape(const TypeMap& types, const std::string& value);

/// Who makes and who reads each value of a graph, as of construction, and which nodes are to be dropped.
class Rewriter {
 public:
  explicit Rewriter(Graph& graph);

  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }
  Node& node(size_t index) { return graph_.nodes[index]; }
  size_t node_count() const { return graph_.nodes.size(); }
  /// The node that makes `value`, none for graph inputs and initializers.
  std::optional<size_t> producer(const std::string& value) const;
  /// The one node that reads `value`, once, where nothing else does (no graph output, no subgraph).
  std::optional<size_t> only_reader(const std::string& value) const;
  /// The nodes that read `value`, once for each time that they do; none where a graph output or a subgraph is
  /// it too.
  std::vector<size_t> private_readers(const std::string& value) const;
  /// By a node of this graph.
  bool is_read(const std::string& value) const { return readers_.contains(value); }
  bool is_graph_output(const std::string& value) const { return outputs_.contains(value); }
  /// A subgraph reads it by name.
  bool is_captured(const std::string& value) const { return captured_.contains(value); }

  void drop(size_t index) { dropped_.insert(index); }
  bool is_dropped(size_t index) const { return dropped_.contains(index); }
  /// Removes the dropped nodes; indices are stale afterwards.
  void finish();
  /// A value name that starts with `wish` and that nothing has yet; it counts as taken from now on.
  std::string fresh_name(const std::string& wish);

 private:
  Graph& graph_;
  std::map<std::string, size_t> producers_;
  std::map<std::string, std::vector<size_t>> readers_;
  std::set<std::string> outputs_, captured_, fresh_;
  std::set<size_t> dropped_;
};

}  // namespace ridgeline::passes
