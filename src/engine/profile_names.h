#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace ridgeline {

/// Leads an engine's names for what it ran back to the model's nodes. Engines name operators after nodes or
/// after values, with marks of their own ("y_nchwc", "y.0"), and name a fused operator after one of its nodes
/// only. Keeps names and edges, not the graph.
class NodeNames {
 public:
  explicit NodeNames(const Graph& graph);

  /// Names each entry by its nodes, in the graph's order, joined by "+", and gives it the first one's op. A
  /// node that no entry names is counted to the entry of its only consumer, else to that of its first input's
  /// producer. Entries that stand for no node (layout changes) keep the engine's words.
  void restore(std::vector<OpTime>& times) const;

 private:
  struct NodeLinks {
    std::string name;
    std::string op;
    std::vector<size_t> producers;
    std::vector<size_t> consumers;
  };

  /// Index of the node that the engine's word means; kNone where there is none.
  size_t find(std::string_view word) const;
  /// Gives nodes without an owner that of a neighbour.
  void adopt(std::vector<size_t>& owners) const;

  static constexpr size_t kNone = static_cast<size_t>(-1);
  std::vector<NodeLinks> nodes_;
  std::map<std::string, size_t, std::less<>> by_name_;
  std::map<std::string, size_t, std::less<>> by_value_;
};

}  // namespace ridgeline
