#include <algorithm>
#include <array>
#include <cmath>

#include "graph/ops/infer_context.h"
#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"
#include "tensor/half.h"

namespace ridgeline::passes {
namespace {

constexpr std::array<std::string_view, 7> kNeverFolded = {
    "Bernoulli",        "DequantizeLinear", "QuantizeLinear",    "RandomNormal",
    "RandomNormalLike", "RandomUniform",    "RandomUniformLike",
};

bool may_fold(const Node& node) {
  const bool has_subgraph = std::any_of(
      node.attributes.begin(), node.attributes.end(),
      [](const auto& entry) { return std::holds_alternative<std::shared_ptr<const Graph>>(entry.second); });
  return !has_subgraph && !node.outputs.empty() &&
         std::find(kNeverFolded.begin(), kNeverFolded.end(), node.op) == kNeverFolded.end();
}

/// An integer or bool tensor that shape inference knows whole; floats are left to an evaluator, which rounds
/// as the engine does.
std::optional<Tensor> known_integers(const ops::Scope& scope, const std::string& name) {
  constexpr double kExact = 0x1p53;
  const ValueType* type = scope.type(name);
  const ops::PartialValue* value = scope.value(name);
  if (type == nullptr || value == nullptr || !type->shape || !type->shape->is_static()) return std::nullopt;
  const bool is_integer =
      type->dtype == DType::kI64 || type->dtype == DType::kI32 || type->dtype == DType::kBool;
  if (!is_integer || static_cast<size_t>(type->shape->element_count()) != value->size()) return std::nullopt;
  const double limit = type->dtype == DType::kI64 ? kExact : 0x7fffffff;
  std::vector<double> whole;
  for (const auto& element : *value) {
    if (!element || !(std::abs(*element) <= limit) || *element != std::trunc(*element)) return std::nullopt;
    whole.push_back(*element);
  }
  const Result<Tensor> wide = Tensor::from_values<double>(*type->shape, whole);
  const Result<Tensor> narrow = wide.ok() ? convert(*wide, type->dtype) : wide;
  return narrow.ok() ? std::optional(*narrow) : std::nullopt;
}

class Folder {
 public:
  Folder(Graph& graph, const PassOptions& options, const ops::Scope& scope)
      : rewriter_(graph), options_(options), scope_(scope) {}

  Status run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index) {
      const Node& node = rewriter_.node(index);
      if (!may_fold(node)) continue;
      ASSIGN_OR_RETURN(const bool folded, fold(node));
      if (folded) rewriter_.drop(index);
    }
    rewriter_.finish();
    return {};
  }

 private:
  Result<bool> fold(const Node& node) {
    if (node.outputs.size() == 1 && !rewriter_.is_graph_output(node.outputs[0]))
      if (auto known = known_integers(scope_, node.outputs[0])) {
        rewriter_.graph().initializers[node.outputs[0]] = std::move(*known);
        return true;
      }
    return options_.evaluate && has_constant_inputs(node) && has_small_outputs(node) ? evaluate(node) : false;
  }

  bool has_constant_inputs(const Node& node) const {
    const auto& initializers = rewriter_.graph().initializers;
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& input) {
      const auto found = initializers.find(input);
      return input.empty() || (found != initializers.end() && found->second.dtype() != DType::kString);
    });
  }

  /// Known sizes within the limit; a graph's output stays a node's.
  bool has_small_outputs(const Node& node) const {
    int64_t bytes = 0;
    for (const std::string& output : node.outputs) {
      if (output.empty()) continue;
      const ValueType* type = scope_.type(output);
      if (rewriter_.is_graph_output(output) || type == nullptr || !type->shape) return false;
      const Result<int64_t> count = type->shape->checked_element_count(size_of(type->dtype));
      if (!count.ok()) return false;
      bytes += *count * static_cast<int64_t>(size_of(type->dtype));
      if (bytes > options_.max_constant_bytes) return false;
    }
    return true;
  }

  Result<bool> evaluate(const Node& node) {
    std::vector<Tensor> inputs;
    for (const std::string& input : node.inputs)
      inputs.push_back(input.empty() ? Tensor() : rewriter_.graph().initializers.at(input));
    Result<std::vector<Tensor>> outputs = options_.evaluate(node, inputs);
    if (!outputs.ok() && outputs.status().code() == ErrorCode::kUnsupported) return false;
    if (!outputs.ok()) return std::move(outputs).status().with_context(node.describe());
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (!node.has_output(i)) continue;
      if (i >= outputs->size() || (*outputs)[i].shape() != *scope_.type(node.outputs[i])->shape)
        return internal_error("{}: evaluation and shape inference disagree", node.describe());
      rewriter_.graph().initializers[node.outputs[i]] = std::move((*outputs)[i]);
    }
    return true;
  }

  Rewriter rewriter_;
  const PassOptions& options_;
  const ops::Scope& scope_;
};

bool knows_all_shapes(const Graph& graph, const ops::Scope& scope) {
  return std::ranges::all_of(graph.nodes, [&](const Node& node) {
    return std::ranges::all_of(node.outputs, [&](const std::string& output) {
      const ValueType* type = output.empty() ? nullptr : scope.type(output);
      return output.empty() || (type != nullptr && type->shape && type->shape->is_static());
    });
  });
}

}  // namespace

/// What was folded may say of what shape a later value is, and that what the next constants are: the sizes
/// of "same" padding that TensorFlow's models compute are folded one layer at a time.
Status fold_constants(Graph& graph, const PassOptions& options) {
  for (size_t nodes = graph.nodes.size() + 1; graph.nodes.size() < nodes;) {
    nodes = graph.nodes.size();
    const Graph before = graph;  // the scope refers to it; tensors are shared
    ASSIGN_OR_RETURN(const ops::Scope scope, ops::infer_scope(before, {}, nullptr));
    RETURN_IF_ERROR(Folder(graph, options, scope).run());
    if (knows_all_shapes(before, scope)) break;
  }
  return {};
}

}  // namespace ridgeline::passes
