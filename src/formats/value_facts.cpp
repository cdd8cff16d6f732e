#include "formats/value_facts.h"

#include <algorithm>
#include <array>

#include "graph/onnx_dtype.h"

namespace ridgeline::formats {
namespace {

using namespace std::string_view_literals;

constexpr std::array kMakeBools = {"And"sv,   "Equal"sv, "Greater"sv, "GreaterOrEqual"sv,
                                   "IsInf"sv, "IsNaN"sv, "Less"sv,    "LessOrEqual"sv,
                                   "Not"sv,   "Or"sv,    "Xor"sv};
constexpr std::array kMakeInts = {"ArgMax"sv,  "ArgMin"sv, "NonMaxSuppression"sv,
                                  "NonZero"sv, "Shape"sv,  "Size"sv};
/// Ops whose element type takes more than their first input to know.
constexpr std::array kOtherTypes = {"ConstantOfShape"sv, "DequantizeLinear"sv, "If"sv,   "Loop"sv,
                                    "OneHot"sv,          "QuantizeLinear"sv,   "Scan"sv, "Where"sv};
/// The output has the first input's shape.
constexpr std::array kSameShape = {"Abs"sv,         "BatchNormalization"sv,
                                   "Cast"sv,        "Clip"sv,
                                   "Dropout"sv,     "Elu"sv,
                                   "Erf"sv,         "Exp"sv,
                                   "HardSigmoid"sv, "HardSwish"sv,
                                   "Identity"sv,    "InstanceNormalization"sv,
                                   "LRN"sv,         "LayerNormalization"sv,
                                   "LeakyRelu"sv,   "Log"sv,
                                   "LogSoftmax"sv,  "Neg"sv,
                                   "PRelu"sv,       "Relu"sv,
                                   "Selu"sv,        "Sigmoid"sv,
                                   "Softmax"sv,     "Softplus"sv,
                                   "Sqrt"sv,        "Tanh"sv};
/// The output has the first input's rank.
constexpr std::array kSameRank = {"AveragePool"sv,  "Concat"sv,       "Conv"sv,  "ConvTranspose"sv,
                                  "DepthToSpace"sv, "MaxPool"sv,      "Pad"sv,   "Resize"sv,
                                  "Slice"sv,        "SpaceToDepth"sv, "Split"sv, "Tile"sv,
                                  "TopK"sv,         "Transpose"sv};
constexpr std::array kBroadcast = {"Add"sv, "Div"sv, "Max"sv, "Mean"sv, "Min"sv,
                                   "Mul"sv, "Pow"sv, "Sub"sv, "Sum"sv};

bool is_one_of(std::string_view op, const auto& ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

Shape unknown_of_rank(size_t rank) { return Shape(std::vector<int64_t>(rank, Shape::kUnknownDim)); }

std::optional<DType> output_dtype(const Node& node, const GraphBuilder& builder) {
  if (is_one_of(node.op, kMakeBools)) return DType::kBool;
  if (is_one_of(node.op, kMakeInts)) return DType::kI64;
  if (node.op == "Cast") return dtype_from_onnx(node.int_or("to", 0));
  if (node.op == "Where" && node.has_input(1)) return builder.facts(node.inputs[1]).dtype;
  if (is_one_of(node.op, kOtherTypes) || !node.has_input(0)) return std::nullopt;
  return builder.facts(node.inputs[0]).dtype;
}

std::optional<Shape> broadcast_rank(const Node& node, const GraphBuilder& builder) {
  size_t rank = 0;
  for (const std::string& input : node.inputs) {
    const std::optional<size_t> known = builder.rank(input);
    if (!known) return std::nullopt;
    rank = std::max(rank, *known);
  }
  return unknown_of_rank(rank);
}

/// All dimensions after the channels become 1.
Shape pooled_globally(Shape shape) {
  for (size_t axis = 2; axis < shape.rank(); ++axis) shape[axis] = 1;
  return shape;
}

std::optional<Shape> output_shape(const Node& node, const GraphBuilder& builder) {
  if (node.op == "Flatten" || node.op == "Gemm") return unknown_of_rank(2);
  if (is_one_of(node.op, kBroadcast)) return broadcast_rank(node, builder);
  if (node.op == "Reshape" && node.has_input(1)) {
    const auto target = builder.constant_ints(node.inputs[1]);
    return target ? std::optional(unknown_of_rank(target->size())) : std::nullopt;
  }
  if (!node.has_input(0)) return std::nullopt;
  const std::optional<Shape> input = builder.facts(node.inputs[0]).shape;
  if (!input) return std::nullopt;
  if (is_one_of(node.op, kSameShape)) return input;
  if (node.op == "GlobalAveragePool" || node.op == "GlobalMaxPool") return pooled_globally(*input);
  if (is_one_of(node.op, kSameRank)) return unknown_of_rank(input->rank());
  if (node.op.starts_with("Reduce") && node.int_or("keepdims", 1) == 1) return unknown_of_rank(input->rank());
  if ((node.op == "Squeeze" || node.op == "Unsqueeze") && node.has_input(1)) {
    const auto axes = builder.constant_ints(node.inputs[1]);
    if (!axes || (node.op == "Squeeze" && axes->size() > input->rank())) return std::nullopt;
    return unknown_of_rank(node.op == "Squeeze" ? input->rank() - axes->size()
                                                : input->rank() + axes->size());
  }
  return std::nullopt;
}

}  // namespace

void note_output_facts(const Node& node, GraphBuilder& builder) {
  if (!node.domain.empty()) return;
  const std::optional<DType> dtype = output_dtype(node, builder);
  const std::optional<Shape> shape = output_shape(node, builder);
  for (size_t index = 0; index < node.outputs.size(); ++index) {
    ValueFacts facts = builder.facts(node.outputs[index]);
    // Further outputs are masks and indices: of the same shape at most.
    if (!facts.dtype && index == 0) facts.dtype = dtype;
    if (!facts.shape && (index == 0 || node.op == "Split")) facts.shape = shape;
    builder.set_facts(node.outputs[index], std::move(facts));
  }
}

}  // namespace ridgeline::formats
