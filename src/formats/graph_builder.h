#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "formats/name_maker.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// What is known of a value while a graph is being read.
struct ValueFacts {
  std::optional<DType> dtype;
  std::optional<Shape> shape;
};

/// Names that all graphs of a model share.
struct ModelNames {
  NameMaker values;
  NameMaker nodes;
  std::set<std::string> consumed;  ///< constants whose content moved to an attribute
};

/// A graph in the making: nodes are appended in file order. Lookups go on in the graph around a subgraph.
class GraphBuilder {
 public:
  GraphBuilder(ModelNames& names, const GraphBuilder* outer) : names_(names), outer_(outer) {}

  Graph& graph() { return graph_; }
  ModelNames& names() { return names_; }

  /// The value's tensor when it is an initializer (a Constant node became one), else null.
  const Tensor* constant(const std::string& value) const;
  /// The elements of a constant INT64 or INT32 tensor; nothing when the value is computed or of another type.
  std::optional<std::vector<int64_t>> constant_ints(const std::string& value) const;
  /// The node no longer needs this constant, its content being an attribute now.
  void consume(const std::string& value) { names_.consumed.insert(value); }

  ValueFacts facts(const std::string& value) const;
  std::optional<size_t> rank(const std::string& value) const;
  void set_facts(const std::string& value, ValueFacts facts) { facts_[value] = std::move(facts); }

  /// kInvalidArgument when the name is taken by another initializer.
  Status add_initializer(const std::string& name, Tensor tensor);
  /// A new initializer whose name begins with `base`; returns the name.
  std::string add_constant(const std::string& base, Tensor tensor);
  std::string add_constant_ints(const std::string& base, const std::vector<int64_t>& values);

  /// Appends an opset-17 node: names it where it has no name of its own, checks it against the op's schema
  /// and drops trailing absent inputs and outputs.
  Status add(Node node);

 private:
  ModelNames& names_;
  const GraphBuilder* outer_;
  Graph graph_;
  std::map<std::string, ValueFacts> facts_;
};

}  // namespace ridgeline::formats
