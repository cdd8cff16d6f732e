#include "formats/normalise.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "formats/normalise_rules.h"
#include "formats/onnx.h"

namespace ridgeline::formats {
namespace {

/// Ops whose oldest form that is read here came with this opset; those not named stand since opset 1.
struct OldOp {
  std::string_view op;
  int since;
};
constexpr auto kOldestForms = std::to_array<OldOp>({
    {"Abs", 6},
    {"Acos", 7},
    {"Add", 7},
    {"And", 7},
    {"Asin", 7},
    {"Atan", 7},
    {"AveragePool", 7},
    {"BatchNormalization", 7},
    {"Cast", 6},
    {"Ceil", 6},
    {"Clip", 6},
    {"Concat", 4},
    {"Cos", 7},
    {"Div", 7},
    {"Dropout", 7},
    {"Elu", 6},
    {"Equal", 7},
    {"Exp", 6},
    {"Floor", 6},
    {"GRU", 7},
    {"Gemm", 7},
    {"GlobalLpPool", 2},
    {"Greater", 7},
    {"HardSigmoid", 6},
    {"InstanceNormalization", 6},
    {"LSTM", 7},
    {"LeakyRelu", 6},
    {"Less", 7},
    {"Log", 6},
    {"LpPool", 2},
    {"Max", 6},
    {"Mean", 6},
    {"Min", 6},
    {"Mul", 7},
    {"Multinomial", 7},
    {"Neg", 6},
    {"Or", 7},
    {"PRelu", 7},
    {"Pad", 2},
    {"Pow", 7},
    {"RNN", 7},
    {"Reciprocal", 6},
    {"Relu", 6},
    {"Reshape", 5},
    {"Resize", 10},
    {"RoiAlign", 10},
    {"Selu", 6},
    {"Sigmoid", 6},
    {"Sin", 7},
    {"Split", 2},
    {"Sqrt", 6},
    {"Sub", 7},
    {"Sum", 6},
    {"Tan", 7},
    {"Tanh", 6},
    {"Tile", 6},
    {"Upsample", 7},
    {"Xor", 7},
});

/// Opsets `first` to `last` of an op need `rule`; others have opset 17's form already.
struct Row {
  std::string_view op;
  int64_t first;
  int64_t last;
  NormaliseRule rule;
};
constexpr auto kRows = std::to_array<Row>({
    {"AveragePool", 19, 21, pool_without_default_dilations},
    {"BatchNormalization", 7, 13, batch_norm_for_inference},
    {"Cast", 19, 21, drop_cast_saturation},
    {"CastLike", 19, 21, drop_cast_saturation},
    {"Clip", 7, 10, clip_bounds_to_inputs},
    {"DFT", 20, 21, dft_axis_to_attribute},
    {"DequantizeLinear", 21, 21, drop_default_block_size},
    {"Dropout", 7, 9, drop_dropout_ratio_and_mask},
    {"Dropout", 10, 11, drop_dropout_ratio},
    {"GridSample", 20, 21, grid_sample_modes},
    {"GroupNormalization", 18, 20, refuse_grouped_scales},
    {"Hardmax", 7, 12, softmax_over_flattened_axes},
    {"LogSoftmax", 7, 12, softmax_over_flattened_axes},
    {"LpPool", 18, 21, pool_without_default_dilations},
    {"Pad", 7, 10, pads_to_input},
    {"Pad", 18, 21, pad_some_axes},
    {"QuantizeLinear", 19, 21, quantize_output_dtype},
    {"ReduceL1", 18, 21, axes_to_attribute},
    {"ReduceL2", 18, 21, axes_to_attribute},
    {"ReduceLogSum", 18, 21, axes_to_attribute},
    {"ReduceLogSumExp", 18, 21, axes_to_attribute},
    {"ReduceMax", 18, 21, axes_to_attribute},
    {"ReduceMean", 18, 21, axes_to_attribute},
    {"ReduceMin", 18, 21, axes_to_attribute},
    {"ReduceProd", 18, 21, axes_to_attribute},
    {"ReduceSum", 7, 12, axes_to_input},
    {"ReduceSumSquare", 18, 21, axes_to_attribute},
    {"Resize", 10, 10, resize_10},
    {"Resize", 11, 17, resize_11},
    {"Resize", 18, 21, resize_18},
    {"RoiAlign", 10, 15, roi_align_without_offset},
    {"Scan", 8, 8, refuse_batched_scan},
    {"Scatter", 9, 21, scatter_elements},
    {"Slice", 7, 9, slice_attributes_to_inputs},
    {"Softmax", 7, 12, softmax_over_flattened_axes},
    {"Split", 7, 12, split_sizes_to_input},
    {"Split", 18, 21, split_num_outputs},
    {"Squeeze", 7, 12, axes_to_input},
    {"TopK", 7, 9, k_to_input},
    {"Unsqueeze", 7, 12, axes_to_input},
    {"Upsample", 7, 8, upsample_with_attribute},
    {"Upsample", 9, 9, upsample_with_input},
});

Status check_opset(const Node& node, int64_t opset) {
  const auto* named = std::find_if(kOldestForms.begin(), kOldestForms.end(),
                                   [&](const OldOp& row) { return row.op == node.op; });
  const int64_t oldest = named == kOldestForms.end() ? 1 : named->since;
  if (opset >= oldest && opset <= kMaxOpset) return {};
  return unsupported(
      "op {} of opset {} cannot be read, only of {} to {}: export the model again with opset {}, or convert "
      "it with "
      "onnx.version_converter",
      node.op, opset, std::max(oldest, kMinOpset), kMaxOpset, kGraphOpset);
}

}  // namespace

Status normalise(Node node, int64_t opset, GraphBuilder& builder) {
  RETURN_IF_ERROR(check_opset(node, opset));
  const int64_t version = std::max(opset, kMinOpset);
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) {
    return each.op == node.op && each.first <= version && version <= each.last;
  });
  return row == kRows.end() ? builder.add(std::move(node)) : row->rule(std::move(node), builder);
}

}  // namespace ridgeline::formats
