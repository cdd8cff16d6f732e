#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/infer.h"

namespace ridgeline::ops {

/// What is known of a small tensor's elements. Doubles hold every integer that a shape can need (up to 2^53).
using PartialValue = std::vector<std::optional<double>>;

/// Types and values seen so far in one graph, with those of the graph around it behind.
struct Scope {
  const Scope* outer = nullptr;
  const Graph* graph = nullptr;
  DataSizes data_sizes = DataSizes::kUnknown;
  TypeMap types;
  std::map<std::string, PartialValue> values;
  TypeMap nested;  ///< types of the values inside this graph's subgraphs

  const ValueType* type(const std::string& name) const;
  const PartialValue* value(const std::string& name) const;
  const Tensor* constant(const std::string& name) const;
};

/// What an op's shape function sees and fills. Unknown ranks and dimensions are normal; functions leave
/// unknown whatever depends on them and report only contradictions.
class InferContext {
 public:
  InferContext(const Node& node, Scope& scope) : node_(node), scope_(scope) {}

  const Node& node() const { return node_; }
  Scope& scope() { return scope_; }

  size_t input_count() const { return node_.inputs.size(); }
  bool has_input(size_t i) const { return node_.has_input(i); }
  /// F32 with unknown shape for an absent input.
  ValueType input(size_t i) const;
  std::optional<Shape> shape(size_t i) const { return input(i).shape; }
  DType dtype(size_t i) const { return input(i).dtype; }
  /// Null when nothing is known of the elements.
  const PartialValue* value(size_t i) const;
  /// All elements as integers, absent when one is unknown.
  std::optional<std::vector<int64_t>> ints(size_t i) const;
  /// A dimension that the data decide and that is `largest` (kUnknownDim where that is not known) at most.
  int64_t data_size(int64_t largest) const {
    return scope_.data_sizes == DataSizes::kLargest ? largest : Shape::kUnknownDim;
  }
  /// The initializer behind an input, null for computed values.
  const Tensor* constant(size_t i) const;

  void set_output(size_t i, DType dtype, std::optional<Shape> shape);
  void set_value(size_t i, PartialValue value);

  /// kInvalidArgument that names the node and its op.
  template <typename... Args>
  Status error(fmt::format_string<Args...> format, Args&&... args) const {
    return invalid_argument("{}: {}", node_.describe(), fmt::format(format, std::forward<Args>(args)...));
  }
  /// `axis` counted from 0, or an error when it is outside [-rank, rank).
  Result<size_t> axis_of(int64_t axis, size_t rank) const;

 private:
  const Node& node_;
  Scope& scope_;
};

using InferFunction = Status (*)(InferContext&);

/// One operator: how many inputs it takes and how its outputs' types follow from them.
struct OpRow {
  std::string_view name;
  int min_inputs;
  int max_inputs;
  InferFunction infer;
  std::string_view domain = "";
};
inline constexpr int kAnyNumber = 1 << 20;

/// Null for an op that no row knows.
const OpRow* find_op(std::string_view domain, std::string_view name);
/// Every row, sorted by name.
std::vector<OpRow> all_ops();

/// Types of a graph's values; subgraphs see `outer`.
Result<Scope> infer_scope(const Graph& graph, const InputShapes& input_shapes, const Scope* outer,
                          DataSizes data_sizes = DataSizes::kUnknown);

/// Numpy's rule over dimensions that may be unknown; an error text's worth of reason is the caller's.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);
/// a × b, unknown when either is; nullopt when it passes 2^48.
std::optional<int64_t> multiply_dims(int64_t a, int64_t b);

/// The output's elements where they are the input's at first + Σ index·stride, as in slices and
/// transpositions. Leaves them unknown where the input's are.
void pick_values(InferContext& context, int64_t first, std::span<const int64_t> strides);

/// Product of the dimensions, kUnknownDim where one is unknown.
int64_t count_of(const std::optional<Shape>& shape);

// Shape functions that several families share.
Status same_as_input(InferContext& context);
Status like_numpy(InferContext& context);  ///< n-ary broadcasting, type of the first input

}  // namespace ridgeline::ops
