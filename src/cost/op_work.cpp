#include "cost/op_work.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>

#include "cost/op_view.h"

namespace ridgeline::cost {
namespace {

/// What an op moves at least.
enum class Traffic {
  kAll,       ///< reads every operand, writes every result
  kSelected,  ///< reads as many elements of its first operand as it writes, and its other operands
  kWrites,    ///< only writes: what it reads are shapes
  kNothing,   ///< renames memory or asks for a shape
};

/// An op whose FLOPs are per_output × elements of its first result + per_input × elements of its first
/// operand. A row of zeros states that the op only moves data.
struct CostRow {
  std::string_view op;
  double per_output = 0;
  double per_input = 0;
  Traffic traffic = Traffic::kAll;
};

constexpr Traffic kSelected = Traffic::kSelected;
constexpr Traffic kWrites = Traffic::kWrites;
constexpr Traffic kNothing = Traffic::kNothing;

constexpr CostRow kRows[] = {
    // One operation per element.
    {"Abs", 1},
    {"Acos", 1},
    {"Acosh", 1},
    {"Add", 1},
    {"And", 1},
    {"Asin", 1},
    {"Asinh", 1},
    {"Atan", 1},
    {"Atanh", 1},
    {"BitShift", 1},
    {"BitwiseAnd", 1},
    {"BitwiseNot", 1},
    {"BitwiseOr", 1},
    {"BitwiseXor", 1},
    {"Ceil", 1},
    {"Cos", 1},
    {"Cosh", 1},
    {"Div", 1},
    {"Equal", 1},
    {"Erf", 1},
    {"Exp", 1},
    {"Floor", 1},
    {"Greater", 1},
    {"GreaterOrEqual", 1},
    {"IsInf", 1},
    {"IsNaN", 1},
    {"Less", 1},
    {"LessOrEqual", 1},
    {"Log", 1},
    {"Mod", 1},
    {"Mul", 1},
    {"Neg", 1},
    {"Not", 1},
    {"Or", 1},
    {"Pow", 1},
    {"Reciprocal", 1},
    {"Round", 1},
    {"Sign", 1},
    {"Sin", 1},
    {"Sinh", 1},
    {"Sqrt", 1},
    {"Sub", 1},
    {"Tan", 1},
    {"Tanh", 1},
    {"Where", 1},
    {"Xor", 1},
    // Activations.
    {"Relu", 1},
    {"ThresholdedRelu", 1},
    {"LeakyRelu", 2},    // compare, multiply
    {"PRelu", 2},        // compare, multiply
    {"Clip", 2},         // max, min
    {"Shrink", 3},       // two comparisons, add
    {"Softsign", 3},     // abs, add, divide
    {"Softplus", 3},     // exp, add, log
    {"Elu", 4},          // compare, exp, subtract, multiply
    {"Sigmoid", 4},      // negate, exp, add, divide
    {"HardSigmoid", 4},  // multiply, add, max, min
    {"HardSwish", 5},    // HardSigmoid, multiply
    {"Selu", 5},         // Elu, multiply
    {"Mish", 5},         // Softplus, tanh, multiply
    {"Celu", 7},         // divide, exp, subtract, multiply, min, max, add
    // Quantisation.
    {"QuantizeLinear", 5},            // divide, round, add the zero point, max, min
    {"DequantizeLinear", 2},          // subtract the zero point, multiply
    {"DynamicQuantizeLinear", 5, 2},  // the extremes of the input, then as QuantizeLinear
    // Normalisation. Statistics are: sum; subtract, multiply, sum for the variance.
    {"BatchNormalization", 2},        // scale and shift, both known beforehand
    {"InstanceNormalization", 3, 4},  // statistics; multiply, scale, shift
    {"LayerNormalization", 3, 4},
    {"GroupNormalization", 3, 4},
    {"MeanVarianceNormalization", 1, 4},
    {"LpNormalization", 1, 2},
    // Along an axis.
    {"Softmax", 0, 5},     // max, subtract, exp, sum, divide
    {"LogSoftmax", 0, 5},  // max, subtract, exp, sum, subtract
    {"Hardmax", 0, 1},
    {"ArgMax", 0, 1},
    {"ArgMin", 0, 1},
    {"CumSum", 0, 1},
    {"ReduceMax", 0, 1},
    {"ReduceMin", 0, 1},
    {"ReduceProd", 0, 1},
    {"ReduceSum", 0, 1},
    {"ReduceMean", 1, 1},
    {"ReduceLogSum", 1, 1},
    {"ReduceL1", 0, 2},
    {"ReduceSumSquare", 0, 2},
    {"ReduceL2", 1, 2},
    {"ReduceLogSumExp", 1, 2},
    {"GlobalMaxPool", 0, 1},
    {"GlobalAveragePool", 1, 1},
    {"GlobalLpPool", 1, 2},
    {"NonZero", 0, 1},
    {"Col2Im", 0, 1},
    {"Range", 2},  // multiply, add
    // Data movement: no FLOPs.
    {"Cast"},
    {"CastLike"},
    {"Concat"},
    {"DepthToSpace"},
    {"Expand"},
    {"MaxUnpool"},
    {"OneHot"},
    {"Pad"},
    {"ReverseSequence"},
    {"SpaceToDepth"},
    {"Split"},
    {"Tile"},
    {"Transpose"},
    {"Trilu"},
    {"CenterCropPad", 0, 0, kSelected},
    {"Compress", 0, 0, kSelected},
    {"Gather", 0, 0, kSelected},
    {"GatherElements", 0, 0, kSelected},
    {"GatherND", 0, 0, kSelected},
    {"Slice", 0, 0, kSelected},
    {"ConstantOfShape", 0, 0, kWrites},
    {"EyeLike", 0, 0, kWrites},
    {"Constant", 0, 0, kNothing},
    {"Dropout", 0, 0, kNothing},
    {"Flatten", 0, 0, kNothing},
    {"Identity", 0, 0, kNothing},
    {"Reshape", 0, 0, kNothing},
    {"Shape", 0, 0, kNothing},
    {"Size", 0, 0, kNothing},
    {"Squeeze", 0, 0, kNothing},
    {"Unsqueeze", 0, 0, kNothing},
};

constexpr std::string_view kSubgraphOps[] = {"If", "Loop", "Scan"};

const CostRow* find_row(std::string_view op) {
  const auto* found = std::ranges::find(kRows, op, &CostRow::op);
  return found == std::end(kRows) ? nullptr : found;
}

double bytes_read_by(const OpView& op, Traffic traffic) {
  if (traffic == Traffic::kAll) return op.all_in_bytes();
  if (traffic == Traffic::kSelected) return op.all_in_bytes() - op.in_bytes(0) + op.all_out_bytes();
  return 0;
}

std::vector<int64_t> window_of(const Node& node, const ValueTypes& types) {
  const std::vector<int64_t> window = node.ints_or("kernel_shape", {});
  if (!window.empty() || node.op.find("Conv") == std::string::npos) return window;
  const size_t weight = node.op == "QLinearConv" ? 3 : 1;
  const auto type = node.has_input(weight) ? types.find(node.inputs[weight]) : types.end();
  if (type == types.end() || !type->second.shape || type->second.shape->rank() < 3) return {};
  return {type->second.shape->begin() + 2, type->second.shape->end()};
}

}  // namespace

bool has_cost_row(std::string_view domain, std::string_view op) {
  return domain.empty() && (find_row(op) != nullptr || find_formula(op) != nullptr ||
                            std::ranges::find(kSubgraphOps, op) != std::end(kSubgraphOps));
}

Result<Work> work_of(const Node& node, const ValueTypes& types) {
  const CostRow* row = find_row(node.op);
  const Formula formula = find_formula(node.op);
  if (!node.domain.empty() || (row == nullptr && formula == nullptr))
    return unsupported("{}: there is no cost formula for this op", node.describe());
  if (row != nullptr && row->traffic == Traffic::kNothing) return Work{};
  ASSIGN_OR_RETURN(const OpView op, OpView::make(node, types));
  Work work;
  work.bytes_read = bytes_read_by(op, row == nullptr ? Traffic::kAll : row->traffic);
  work.bytes_written = op.all_out_bytes();
  if (formula != nullptr) {
    ASSIGN_OR_RETURN(const Arithmetic arithmetic, formula(op));
    work.macs = arithmetic.macs;
    work.flops = 2 * arithmetic.macs + arithmetic.flops;
  } else {
    work.flops = row->per_output * op.out_count() + row->per_input * op.in_count(0);
  }
  return work;
}

std::string kernel_of(const Node& node, const ValueTypes& types) {
  const std::string window = fmt::format("{}", fmt::join(window_of(node, types), "x"));
  const std::vector<int64_t> strides = node.ints_or("strides", {});
  if (window.empty() || std::ranges::all_of(strides, [](int64_t stride) { return stride == 1; }))
    return window;
  const bool is_even = std::ranges::all_of(strides, [&](int64_t stride) { return stride == strides[0]; });
  return is_even ? fmt::format("{}/{}", window, strides[0])
                 : fmt::format("{}/{}", window, fmt::join(strides, "x"));
}

}  // namespace ridgeline::cost
