#pragma once

#include <ATen/core/Tensor.h>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/libtorch/values.h"
#include "graph/graph.h"

namespace ridgeline::libtorch {

struct InputRef {
  size_t slot = 0;
  bool last_read = false;  ///< no later step, nor the program's result, needs the value
};

/// What a step reads at run time. Inputs that the node leaves out are undefined tensors.
class Inputs {
 public:
  Inputs(std::span<at::Tensor> slots, std::span<const InputRef> refs) : slots_(slots), refs_(refs) {}

  size_t size() const { return refs_.size(); }
  const at::Tensor& operator[](size_t i) const;
  bool has(size_t i) const { return (*this)[i].defined(); }
  /// The input for an in-place kernel to write to; undefined unless this step is its last reader and nothing
  /// else sees its memory.
  at::Tensor reusable(size_t i) const;

 private:
  std::span<at::Tensor> slots_;
  std::span<const InputRef> refs_;
};

/// Where a step puts its results.
class Outputs {
 public:
  Outputs(std::span<at::Tensor> slots, std::span<const size_t> indices) : slots_(slots), indices_(indices) {}

  size_t size() const { return indices_.size(); }
  at::Tensor& operator[](size_t i) const { return slots_[indices_[i]]; }

 private:
  std::span<at::Tensor> slots_;
  std::span<const size_t> indices_;
};

/// Computes one node. Throws what ATen throws, and std::invalid_argument for values that ONNX forbids.
using Kernel = std::function<void(const Inputs&, const Outputs&)>;

/// A list of integers that a node is given as an input (axes, a shape): known when the program is built, or
/// read at each run.
class IntsInput {
 public:
  IntsInput(size_t index, std::optional<std::vector<int64_t>> known)
      : index_(index), known_(std::move(known)) {}

  const std::optional<std::vector<int64_t>>& known() const { return known_; }
  /// Empty when the node leaves the input out.
  std::vector<int64_t> read(const Inputs& in) const;

 private:
  size_t index_;
  std::optional<std::vector<int64_t>> known_;
};

/// What a builder knows of the node that it makes a kernel for.
struct OpSite {
  const Node& node;
  const std::map<std::string, at::Tensor>&
      constants;              ///< values known now, on the CPU, in the types of the graph
  at::ScalarType float_type;  ///< what the graph's FP32 is computed in
  at::Device device;
  std::vector<int64_t> input_ranks;  ///< -1 where unknown

  /// The input's value, null unless it is known now.
  const at::Tensor* constant(size_t input) const;
  IntsInput ints(size_t input) const;
  /// A list that is an attribute up to some opset and an input after it.
  IntsInput ints(std::string_view attribute, size_t input) const;
  /// The input as a number, or `fallback` when the node leaves it out. kUnsupported unless it is known now.
  Result<double> number(size_t input, double fallback) const;
  /// The ATen type for a value that the graph says is of `dtype`.
  Result<at::ScalarType> type_for(DType dtype) const;
  /// The same for ONNX's number of a type (TensorProto.DataType), the value of `attribute`.
  Result<at::ScalarType> type_of_attribute(std::string_view attribute) const;
};

using Builder = Result<Kernel> (*)(const OpSite&);

/// One operator of ONNX (domain "").
struct OpRow {
  std::string_view op;
  Builder build;
  /// Inputs whose values decide the shape of the outputs.
  std::vector<size_t> shape_inputs = {};
  /// The outputs' shapes depend on the values of all inputs.
  bool data_dependent = false;
};

/// Null when there is no kernel for it.
const OpRow* find_op(const Node& node);
/// Names of all rows, sorted.
std::vector<std::string_view> known_ops();

/// The rows of each family; the names say which.
std::span<const OpRow> conv_ops();
std::span<const OpRow> pool_ops();
std::span<const OpRow> matmul_ops();
std::span<const OpRow> norm_ops();
std::span<const OpRow> unary_ops();
std::span<const OpRow> binary_ops();
std::span<const OpRow> reduce_ops();
std::span<const OpRow> shape_ops();
std::span<const OpRow> layout_ops();
std::span<const OpRow> gather_ops();
std::span<const OpRow> resize_ops();
std::span<const OpRow> detection_ops();
std::span<const OpRow> quantize_ops();

/// A kernel of one output from a function of the inputs.
template <typename Function>
Kernel returns(Function function) {
  return [function = std::move(function)](const Inputs& in, const Outputs& out) { out[0] = function(in); };
}

}  // namespace ridgeline::libtorch
