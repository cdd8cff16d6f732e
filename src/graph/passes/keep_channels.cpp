#include <algorithm>
#include <array>

#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

using namespace std::string_view_literals;
using Ints = std::vector<int64_t>;

constexpr auto kOfEachElement = std::to_array({"Elu"sv, "Gelu"sv, "HardSigmoid"sv, "HardSwish"sv,
                                               "LeakyRelu"sv, "Mish"sv, "Relu"sv, "Sigmoid"sv, "Tanh"sv});
constexpr auto kOfTwo = std::to_array({"Add"sv, "Div"sv, "Mul"sv, "Sub"sv});

bool transposes(const Node& node, const Ints& order) {
  return is_plain(node, "Transpose") && node.ints_or("perm", {}) == order;
}

bool is_one_of(const Node& node, std::span<const std::string_view> ops) {
  return node.domain.empty() && std::ranges::binary_search(ops, node.op);
}

/// [terms, columns] as a Conv of 1 x 1 has it: [columns, terms, 1, 1].
Result<Tensor> pointwise_weights(const Tensor& matrix) {
  const int64_t terms = matrix.shape()[0], columns = matrix.shape()[1];
  ASSIGN_OR_RETURN(Tensor weights, Tensor::zeros(DType::kF32, {columns, terms, 1, 1}));
  const auto from = matrix.as<float>();
  const auto to = weights.as<float>();
  for (int64_t c = 0; c < columns; ++c)
    for (int64_t t = 0; t < terms; ++t)
      to[static_cast<size_t>(c * terms + t)] = from[static_cast<size_t>(t * columns + c)];
  return weights;
}

class ChannelKeeper {
 public:
  explicit ChannelKeeper(Graph& graph) : rewriter_(graph) {}

  Status run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index)
      if (transposes(rewriter_.node(index), {0, 2, 3, 1}) && !rewriter_.is_dropped(index))
        RETURN_IF_ERROR(keep(index, chain_from(index)));
    rewriter_.finish();
    return {};
  }

 private:
  /// The nodes that follow one another up to the Transpose back; none where there is something else.
  std::vector<size_t> chain_from(size_t first) const {
    std::vector<size_t> nodes;
    std::string value = rewriter_.graph().nodes[first].outputs[0];
    while (const auto next = rewriter_.only_reader(value)) {
      const Node& node = rewriter_.graph().nodes[*next];
      nodes.push_back(*next);
      if (transposes(node, {0, 3, 1, 2})) return nodes;
      if (!is_of_channels(node, value)) break;
      value = node.outputs[0];
    }
    return {};
  }

  /// Whether a node treats each pixel, or each element, apart from the others.
  bool is_of_channels(const Node& node, const std::string& value) const {
    if (is_one_of(node, kOfEachElement)) return true;
    if (is_one_of(node, kOfTwo)) return numbers_beside(node, value) != nullptr;
    if (node.inputs[0] != value) return false;
    if (is_plain(node, "MatMul")) return f32_constant(rewriter_.graph(), node, 1, 2) != nullptr;
    const int64_t axis = node.int_or("axis", -1);
    return is_plain(node, "LayerNormalization") && node.outputs.size() == 1 && (axis == -1 || axis == 3) &&
           f32_constant(rewriter_.graph(), node, 1, 1) != nullptr &&
           (!node.has_input(2) || f32_constant(rewriter_.graph(), node, 2, 1) != nullptr);
  }

  /// What a node of two operands has beside `value`: a constant, or one for each channel.
  const Tensor* numbers_beside(const Node& node, const std::string& value) const {
    const size_t beside = node.inputs[0] == value ? 1 : 0;
    if (const Tensor* numbers = f32_constant(rewriter_.graph(), node, beside, 0)) return numbers;
    return f32_constant(rewriter_.graph(), node, beside, 1);
  }

  /// The last node of the chain stands for the Transpose behind it.
  Status keep(size_t first, std::vector<size_t> chain) {
    if (chain.size() < 2) return {};
    const size_t back = chain.back();
    chain.pop_back();
    const Node before = rewriter_.node(first);
    std::string value = before.outputs[0];
    for (const size_t index : chain) {
      Node& node = rewriter_.node(index);
      RETURN_IF_ERROR(move_channels(node, value));
      value = node.outputs[0];
    }
    Node& begin = rewriter_.node(chain.front());
    std::ranges::replace(begin.inputs, before.outputs[0], before.inputs[0]);
    begin.name = before.name + "+" + begin.name;
    Node& end = rewriter_.node(chain.back());
    end.name += "+" + rewriter_.node(back).name;
    end.outputs = rewriter_.node(back).outputs;
    rewriter_.drop(first);
    rewriter_.drop(back);
    return {};
  }

  /// From the last axis to the second.
  Status move_channels(Node& node, const std::string& value) {
    if (node.op == "LayerNormalization") {
      node.op = "NormalizeChannels";
      node.domain = "ridgeline";
      node.attributes = {{"epsilon", node.float_or("epsilon", 1e-5F)}};
    } else if (node.op == "MatMul") {
      node.op = "Conv";
      node.attributes = {{"kernel_shape", Ints{1, 1}}};
      ASSIGN_OR_RETURN(Tensor weights, pointwise_weights(*f32_constant(rewriter_.graph(), node, 1, 2)));
      put(node, 1, std::move(weights));
    } else if (is_one_of(node, kOfTwo)) {
      ASSIGN_OR_RETURN(Tensor numbers, of_channels(*numbers_beside(node, value)));
      put(node, node.inputs[0] == value ? 1 : 0, std::move(numbers));
    }
    return {};
  }

  static Result<Tensor> of_channels(const Tensor& numbers) {
    return Tensor::from_values<float>({numbers.shape().element_count(), 1, 1}, numbers.as<float>());
  }

  void put(Node& node, size_t input, Tensor constant) {
    node.inputs[input] = rewriter_.fresh_name(node.inputs[input] + ".of_channels");
    rewriter_.graph().initializers[node.inputs[input]] = std::move(constant);
  }

  Rewriter rewriter_;
};

}  // namespace

Status keep_channels(Graph& graph, const PassOptions&) { return ChannelKeeper(graph).run(); }

}  // namespace ridgeline::passes
