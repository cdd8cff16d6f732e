#include "quantize/plan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::quantize {
namespace {

using namespace std::string_view_literals;

/// What leaves them has the scale of what enters.
constexpr std::array kMoves = {"Flatten"sv, "MaxPool"sv,   "Reshape"sv,
                               "Squeeze"sv, "Transpose"sv, "Unsqueeze"sv};
/// They make new values, and engines have 8-bit kernels for them.
constexpr std::array kJoins = {"Add"sv, "AveragePool"sv, "Concat"sv, "GlobalAveragePool"sv};
/// The range of a point right behind them says all that they do.
constexpr std::array kActivations = {"Clip"sv, "Relu"sv};

bool is_one_of(std::span<const std::string_view> ops, const Node& node) {
  return node.domain.empty() && std::ranges::find(ops, node.op) != ops.end();
}

bool has_plain_bias(const Graph& graph, const Node& node, int64_t channels) {
  if (!node.has_input(2)) return true;
  const Tensor* bias = graph.initializer(node.inputs[2]);
  return bias != nullptr && bias->dtype() == DType::kF32 && bias->shape() == Shape{channels};
}

std::optional<Layer> layer_of(const Graph& graph, size_t index) {
  const Node& node = graph.nodes[index];
  const Tensor* weights =
      node.domain.empty() && node.has_input(1) ? graph.initializer(node.inputs[1]) : nullptr;
  if (weights == nullptr || weights->dtype() != DType::kF32 || weights->shape().rank() < 2 ||
      weights->element_count() == 0 || graph.initializer(node.inputs[0]) != nullptr)
    return std::nullopt;
  const Shape& shape = weights->shape();
  const bool is_gemm = node.op == "Gemm" && node.int_or("transA", 0) == 0 && node.float_or("alpha", 1) == 1 &&
                       node.float_or("beta", 1) == 1;
  const bool is_by_column =
      (node.op == "MatMul" && shape.rank() == 2) || (is_gemm && node.int_or("transB", 0) == 0);
  if (node.op != "Conv" && !is_gemm && !is_by_column) return std::nullopt;
  const size_t axis = is_by_column ? 1 : 0;
  const int64_t inner = is_by_column ? 1 : weights->element_count() / shape[0];
  if (!has_plain_bias(graph, node, shape[axis])) return std::nullopt;
  return Layer{index, node.name, node.op, shape[axis], inner, static_cast<int64_t>(axis)};
}

class Planner {
 public:
  Planner(const Graph& graph, const std::set<std::string>& float_layers) : graph_(graph), names_(graph_) {
    for (Layer& layer : layers_of(graph_))
      if (!float_layers.contains(layer.name)) plan_.layers.push_back(std::move(layer));
  }

  Plan make() {
    for (const Layer& layer : plan_.layers) {
      const Node& node = graph_.nodes[layer.node];
      add_point(node.inputs[0]);
      plan_.int8_nodes.insert(layer.node);
      if (const std::string& result = behind_activation(node.outputs[0]);
          node.op == "Conv" && !names_.is_graph_output(result)) {
        add_point(result);
        add_activations_of(node);
      }
    }
    const std::set<std::string> wanted = values_wanted();
    for (size_t index = 0; index < graph_.nodes.size(); ++index)
      if (is_between(graph_.nodes[index])) keep_in_8_bits(index, wanted);
    return std::move(plan_);
  }

 private:
  static bool is_between(const Node& node) { return is_one_of(kMoves, node) || is_one_of(kJoins, node); }

  /// The values that a node between layers computes with; the others shape and place them.
  static std::span<const std::string> data_of(const Node& node) {
    return std::span(node.inputs).first(is_one_of(kMoves, node) ? 1 : node.inputs.size());
  }

  void add_point(const std::string& value) { plan_.points.try_emplace(value, value); }

  bool is_activation(const Node& node) const {
    return is_one_of(kActivations, node) &&
           std::all_of(node.inputs.begin() + 1, node.inputs.end(), [&](const std::string& bound) {
             return bound.empty() || graph_.initializer(bound) != nullptr;
           });
  }

  /// The activations that alone read `value`, one after the other.
  std::vector<size_t> activations_behind(const std::string& value) const {
    std::vector<size_t> found;
    for (auto next = names_.only_reader(value); next && is_activation(graph_.nodes[*next]);
         next = names_.only_reader(graph_.nodes[*next].outputs[0]))
      found.push_back(*next);
    return found;
  }

  const std::string& behind_activation(const std::string& value) const {
    const std::vector<size_t> found = activations_behind(value);
    return found.empty() ? value : graph_.nodes[found.back()].outputs[0];
  }

  void add_activations_of(const Node& node) {
    for (const size_t activation : activations_behind(node.outputs[0])) plan_.int8_nodes.insert(activation);
  }

  /// What layers read, directly or through nodes between them.
  std::set<std::string> values_wanted() const {
    std::set<std::string> wanted;
    for (const Layer& layer : plan_.layers) wanted.insert(graph_.nodes[layer.node].inputs[0]);
    for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node)
      if (is_between(*node) && wanted.contains(behind_activation(node->outputs[0])))
        for (const std::string& input : data_of(*node)) wanted.insert(input);
    return wanted;
  }

  void keep_in_8_bits(size_t index, const std::set<std::string>& wanted) {
    const Node& node = graph_.nodes[index];
    const std::string& result = behind_activation(node.outputs[0]);
    const bool has_points = std::ranges::all_of(
        data_of(node), [&](const std::string& input) { return plan_.points.contains(input); });
    if (!has_points || !wanted.contains(result) || node.has_output(1)) return;
    const bool only_moves = is_one_of(kMoves, node) && result == node.outputs[0];
    plan_.points[result] = only_moves ? plan_.points[node.inputs[0]] : result;
    plan_.int8_nodes.insert(index);
    add_activations_of(node);
  }

  Graph graph_;
  passes::Rewriter names_;
  Plan plan_;
};

}  // namespace

Result<Graph> prepare(const Graph& graph) {
  Graph prepared = graph;
  prepared.source = {};
  for (const auto pass : {passes::remove_identities, passes::fold_constants, passes::fold_batch_norms,
                          passes::remove_dead_code})
    RETURN_IF_ERROR(pass(prepared, {}));
  return prepared;
}

std::vector<Layer> layers_of(const Graph& prepared) {
  std::vector<Layer> layers;
  for (size_t index = 0; index < prepared.nodes.size(); ++index)
    if (auto layer = layer_of(prepared, index)) layers.push_back(std::move(*layer));
  return layers;
}

Plan plan(const Graph& prepared, const std::set<std::string>& float_layers) {
  return Planner(prepared, float_layers).make();
}

std::vector<std::string> values_to_observe(const Graph& prepared) {
  std::vector<std::string> values;
  for (const auto& [value, range_of] : plan(prepared, {}).points) values.push_back(value);
  return values;
}

}  // namespace ridgeline::quantize
