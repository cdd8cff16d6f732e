#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace ridgeline {

struct Graph;

/// String tensors are carried so that models that hold labels survive a round trip; nothing computes on them.
using Attribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                               std::vector<std::string>, Tensor, std::shared_ptr<const Graph>>;

/// One operator call. Ops follow ONNX: `op` and `domain` name them ("" is ai.onnx, "ridgeline" our fused
/// ones); an absent optional input or output is "". Whatever opset a file had, a Graph in memory speaks opset
/// 17: importers upgrade or downgrade attributes and inputs to that form (ops and attributes newer than 17
/// keep theirs).
struct Node {
  std::string name;
  std::string op;
  std::string domain;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;

  bool has(std::string_view attribute) const;
  /// The attribute, or `fallback` when absent or of another type (importers have checked types against the
  /// op's schema).
  int64_t int_or(std::string_view attribute, int64_t fallback) const;
  float float_or(std::string_view attribute, float fallback) const;
  std::string string_or(std::string_view attribute, std::string_view fallback) const;
  std::vector<int64_t> ints_or(std::string_view attribute, std::vector<int64_t> fallback) const;
  /// Null when absent.
  const Tensor* tensor(std::string_view attribute) const;
  const Graph* subgraph(std::string_view attribute) const;
  bool has_input(size_t index) const { return index < inputs.size() && !inputs[index].empty(); }
  bool has_output(size_t index) const { return index < outputs.size() && !outputs[index].empty(); }
  /// "Conv 'layer1.0.conv1'" for messages.
  std::string describe() const;
};

/// Type of a value. An absent shape means that not even the rank is known.
struct ValueType {
  DType dtype = DType::kF32;
  std::optional<Shape> shape;
};

/// A graph input or output. `dim_names[i]` names a dynamic dimension ("batch"), "" where fixed or anonymous;
/// it is empty or as long as the shape.
struct ValueInfo {
  std::string name;
  ValueType type;
  std::vector<std::string> dim_names;
};

/// The bytes that a graph was read from, so that engines which take ONNX compile them untouched.
struct ModelSource {
  std::string path;                         ///< empty for graphs made in memory
  std::shared_ptr<const std::string> onnx;  ///< null for graphs made in memory
  bool has_external_data = false;           ///< weights lie in files beside `path`
};

/// A model: nodes in topological order, weights by value name. Plain data; copying shares the tensors.
struct Graph {
  std::string name;
  std::vector<ValueInfo> inputs;  ///< without the initializers
  std::vector<ValueInfo> outputs;
  std::map<std::string, Tensor> initializers;
  std::vector<Node> nodes;
  std::map<std::string, std::string> metadata;  ///< ONNX metadata_props
  ModelSource source;

  const Tensor* initializer(std::string_view value) const;
  /// Elements over all initializers, those of subgraphs included.
  int64_t parameter_count() const;
};

/// Nodes reordered so that each follows the producers of its inputs (values captured by subgraphs included).
/// kInvalidArgument, naming a node, on a cycle, a value made twice or an input that nothing makes.
Status sort_topologically(Graph& graph);

}  // namespace ridgeline
