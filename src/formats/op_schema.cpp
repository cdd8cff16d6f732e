#include "formats/op_schema.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "formats/onnx.h"

namespace ridgeline::formats {
namespace {

// From ONNX's own operator schemas (opsets 17 and 21), sorted by name.
constexpr auto kSchemas = std::to_array<OpSchema>({
    {"Abs", 13, 1, 1, 1, 1, ""},
    {"Acos", 13, 1, 1, 1, 1, ""},
    {"Acosh", 13, 1, 1, 1, 1, ""},
    {"Add", 13, 2, 2, 1, 1, ""},
    {"AffineGrid", 20, 2, 2, 1, 1, "align_corners:i"},
    {"And", 13, 2, 2, 1, 1, ""},
    {"ArgMax", 13, 1, 1, 1, 1, "axis:i keepdims:i select_last_index:i"},
    {"ArgMin", 13, 1, 1, 1, 1, "axis:i keepdims:i select_last_index:i"},
    {"Asin", 13, 1, 1, 1, 1, ""},
    {"Asinh", 13, 1, 1, 1, 1, ""},
    {"Atan", 13, 1, 1, 1, 1, ""},
    {"Atanh", 13, 1, 1, 1, 1, ""},
    {"AveragePool", 13, 1, 1, 1, 1,
     "auto_pad:s ceil_mode:i count_include_pad:i dilations:I+19 kernel_shape:I! pads:I strides:I"},
    {"BatchNormalization", 13, 5, 5, 1, 3, "epsilon:f momentum:f training_mode:i+14"},
    {"Bernoulli", 15, 1, 1, 1, 1, "dtype:i seed:f"},
    {"BitShift", 13, 2, 2, 1, 1, "direction:s!"},
    {"BitwiseAnd", 18, 2, 2, 1, 1, ""},
    {"BitwiseNot", 18, 1, 1, 1, 1, ""},
    {"BitwiseOr", 18, 2, 2, 1, 1, ""},
    {"BitwiseXor", 18, 2, 2, 1, 1, ""},
    {"BlackmanWindow", 17, 1, 1, 1, 1, "output_datatype:i periodic:i"},
    {"Cast", 13, 1, 1, 1, 1, "saturate:i+19 to:i!"},
    {"CastLike", 15, 2, 2, 1, 1, "saturate:i+19"},
    {"Ceil", 13, 1, 1, 1, 1, ""},
    {"Celu", 13, 1, 1, 1, 1, "alpha:f"},
    {"CenterCropPad", 18, 2, 2, 1, 1, "axes:I"},
    {"Clip", 13, 1, 3, 1, 1, ""},
    {"Col2Im", 18, 3, 3, 1, 1, "dilations:I pads:I strides:I"},
    {"Compress", 13, 2, 2, 1, 1, "axis:i"},
    {"Concat", 13, 1, kVariadic, 1, 1, "axis:i!"},
    {"ConstantOfShape", 13, 1, 1, 1, 1, "value:t"},
    {"Conv", 13, 2, 3, 1, 1, "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    {"ConvInteger", 13, 2, 4, 1, 1, "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    {"ConvTranspose", 13, 2, 3, 1, 1,
     "auto_pad:s dilations:I group:i kernel_shape:I output_padding:I output_shape:I pads:I strides:I"},
    {"Cos", 13, 1, 1, 1, 1, ""},
    {"Cosh", 13, 1, 1, 1, 1, ""},
    {"CumSum", 13, 2, 2, 1, 1, "exclusive:i reverse:i"},
    {"DFT", 17, 1, 2, 1, 1, "axis:i inverse:i onesided:i"},
    {"DeformConv", 19, 3, 5, 1, 1, "dilations:I group:i kernel_shape:I offset_group:i pads:I strides:I"},
    {"DepthToSpace", 13, 1, 1, 1, 1, "blocksize:i! mode:s"},
    {"DequantizeLinear", 13, 2, 3, 1, 1, "axis:i block_size:i+21"},
    {"Det", 13, 1, 1, 1, 1, ""},
    {"Div", 13, 2, 2, 1, 1, ""},
    {"Dropout", 13, 1, 3, 1, 2, "seed:i"},
    {"DynamicQuantizeLinear", 13, 1, 1, 3, 3, ""},
    {"Einsum", 13, 1, kVariadic, 1, 1, "equation:s!"},
    {"Elu", 13, 1, 1, 1, 1, "alpha:f"},
    {"Equal", 13, 2, 2, 1, 1, ""},
    {"Erf", 13, 1, 1, 1, 1, ""},
    {"Exp", 13, 1, 1, 1, 1, ""},
    {"Expand", 13, 2, 2, 1, 1, ""},
    {"EyeLike", 13, 1, 1, 1, 1, "dtype:i k:i"},
    {"Flatten", 13, 1, 1, 1, 1, "axis:i"},
    {"Floor", 13, 1, 1, 1, 1, ""},
    {"GRU", 13, 3, 6, 0, 2,
     "activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i layout:i+14 "
     "linear_before_reset:i"},
    {"Gather", 13, 2, 2, 1, 1, "axis:i"},
    {"GatherElements", 13, 2, 2, 1, 1, "axis:i"},
    {"GatherND", 13, 2, 2, 1, 1, "batch_dims:i"},
    {"Gelu", 20, 1, 1, 1, 1, "approximate:s"},
    {"Gemm", 13, 2, 3, 1, 1, "alpha:f beta:f transA:i transB:i"},
    {"GlobalAveragePool", 13, 1, 1, 1, 1, ""},
    {"GlobalLpPool", 13, 1, 1, 1, 1, "p:i"},
    {"GlobalMaxPool", 13, 1, 1, 1, 1, ""},
    {"Greater", 13, 2, 2, 1, 1, ""},
    {"GreaterOrEqual", 13, 2, 2, 1, 1, ""},
    {"GridSample", 16, 2, 2, 1, 1, "align_corners:i mode:s padding_mode:s"},
    {"GroupNormalization", 21, 3, 3, 1, 1, "epsilon:f num_groups:i! stash_type:i"},
    {"HammingWindow", 17, 1, 1, 1, 1, "output_datatype:i periodic:i"},
    {"HannWindow", 17, 1, 1, 1, 1, "output_datatype:i periodic:i"},
    {"HardSigmoid", 13, 1, 1, 1, 1, "alpha:f beta:f"},
    {"HardSwish", 14, 1, 1, 1, 1, ""},
    {"Hardmax", 13, 1, 1, 1, 1, "axis:i"},
    {"Identity", 13, 1, 1, 1, 1, ""},
    {"If", 13, 1, 1, 1, kVariadic, "else_branch:g! then_branch:g!"},
    {"ImageDecoder", 20, 1, 1, 1, 1, "pixel_format:s"},
    {"InstanceNormalization", 13, 3, 3, 1, 1, "epsilon:f"},
    {"IsInf", 13, 1, 1, 1, 1, "detect_negative:i detect_positive:i"},
    {"IsNaN", 13, 1, 1, 1, 1, ""},
    {"LRN", 13, 1, 1, 1, 1, "alpha:f beta:f bias:f size:i!"},
    {"LSTM", 13, 3, 8, 0, 3,
     "activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i input_forget:i "
     "layout:i+14"},
    {"LayerNormalization", 17, 2, 3, 1, 3, "axis:i epsilon:f stash_type:i"},
    {"LeakyRelu", 13, 1, 1, 1, 1, "alpha:f"},
    {"Less", 13, 2, 2, 1, 1, ""},
    {"LessOrEqual", 13, 2, 2, 1, 1, ""},
    {"Log", 13, 1, 1, 1, 1, ""},
    {"LogSoftmax", 13, 1, 1, 1, 1, "axis:i"},
    {"Loop", 13, 2, kVariadic, 1, kVariadic, "body:g!"},
    {"LpNormalization", 13, 1, 1, 1, 1, "axis:i p:i"},
    {"LpPool", 13, 1, 1, 1, 1,
     "auto_pad:s ceil_mode:i+18 dilations:I+18 kernel_shape:I! p:i pads:I strides:I"},
    {"MatMul", 13, 2, 2, 1, 1, ""},
    {"MatMulInteger", 13, 2, 4, 1, 1, ""},
    {"Max", 13, 1, kVariadic, 1, 1, ""},
    {"MaxPool", 13, 1, 1, 1, 2,
     "auto_pad:s ceil_mode:i dilations:I kernel_shape:I! pads:I storage_order:i strides:I"},
    {"MaxRoiPool", 13, 2, 2, 1, 1, "pooled_shape:I! spatial_scale:f"},
    {"MaxUnpool", 13, 2, 3, 1, 1, "kernel_shape:I! pads:I strides:I"},
    {"Mean", 13, 1, kVariadic, 1, 1, ""},
    {"MeanVarianceNormalization", 13, 1, 1, 1, 1, "axes:I"},
    {"MelWeightMatrix", 17, 5, 5, 1, 1, "output_datatype:i"},
    {"Min", 13, 1, kVariadic, 1, 1, ""},
    {"Mish", 18, 1, 1, 1, 1, ""},
    {"Mod", 13, 2, 2, 1, 1, "fmod:i"},
    {"Mul", 13, 2, 2, 1, 1, ""},
    {"Multinomial", 13, 1, 1, 1, 1, "dtype:i sample_size:i seed:f"},
    {"Neg", 13, 1, 1, 1, 1, ""},
    {"NegativeLogLikelihoodLoss", 13, 2, 3, 1, 1, "ignore_index:i reduction:s"},
    {"NonMaxSuppression", 13, 2, 5, 1, 1, "center_point_box:i"},
    {"NonZero", 13, 1, 1, 1, 1, ""},
    {"Not", 13, 1, 1, 1, 1, ""},
    {"OneHot", 13, 3, 3, 1, 1, "axis:i"},
    {"Or", 13, 2, 2, 1, 1, ""},
    {"PRelu", 13, 2, 2, 1, 1, ""},
    {"Pad", 13, 2, 3, 1, 1, "mode:s"},
    {"Pow", 13, 2, 2, 1, 1, ""},
    {"QLinearConv", 13, 8, 9, 1, 1, "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    {"QLinearMatMul", 13, 8, 8, 1, 1, ""},
    {"QuantizeLinear", 13, 2, 3, 1, 1, "axis:i block_size:i+21 output_dtype:i+21 saturate:i+19"},
    {"RNN", 13, 3, 6, 0, 2,
     "activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i layout:i+14"},
    {"RandomNormal", 13, 0, 0, 1, 1, "dtype:i mean:f scale:f seed:f shape:I!"},
    {"RandomNormalLike", 13, 1, 1, 1, 1, "dtype:i mean:f scale:f seed:f"},
    {"RandomUniform", 13, 0, 0, 1, 1, "dtype:i high:f low:f seed:f shape:I!"},
    {"RandomUniformLike", 13, 1, 1, 1, 1, "dtype:i high:f low:f seed:f"},
    {"Range", 13, 3, 3, 1, 1, ""},
    {"Reciprocal", 13, 1, 1, 1, 1, ""},
    {"ReduceL1", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"ReduceL2", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"ReduceLogSum", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"ReduceLogSumExp", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"ReduceMax", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"ReduceMean", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"ReduceMin", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"ReduceProd", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"ReduceSum", 13, 1, 2, 1, 1, "keepdims:i noop_with_empty_axes:i"},
    {"ReduceSumSquare", 13, 1, 1, 1, 1, "axes:I keepdims:i"},
    {"RegexFullMatch", 20, 1, 1, 1, 1, "pattern:s"},
    {"Relu", 13, 1, 1, 1, 1, ""},
    {"Reshape", 13, 2, 2, 1, 1, "allowzero:i+14"},
    {"Resize", 13, 1, 4, 1, 1,
     "antialias:i+18 axes:I+18 coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i "
     "extrapolation_value:f keep_aspect_ratio_policy:s+18 mode:s nearest_mode:s"},
    {"ReverseSequence", 13, 2, 2, 1, 1, "batch_axis:i time_axis:i"},
    {"RoiAlign", 13, 3, 3, 1, 1,
     "coordinate_transformation_mode:s+16 mode:s output_height:i output_width:i sampling_ratio:i "
     "spatial_scale:f"},
    {"Round", 13, 1, 1, 1, 1, ""},
    {"STFT", 17, 2, 4, 1, 1, "onesided:i"},
    {"Scan", 13, 1, kVariadic, 1, kVariadic,
     "body:g! num_scan_inputs:i! scan_input_axes:I scan_input_directions:I scan_output_axes:I "
     "scan_output_directions:I"},
    {"ScatterElements", 13, 3, 3, 1, 1, "axis:i reduction:s+16"},
    {"ScatterND", 13, 3, 3, 1, 1, "reduction:s+16"},
    {"Selu", 13, 1, 1, 1, 1, "alpha:f gamma:f"},
    {"Shape", 13, 1, 1, 1, 1, "end:i+15 start:i+15"},
    {"Shrink", 13, 1, 1, 1, 1, "bias:f lambd:f"},
    {"Sigmoid", 13, 1, 1, 1, 1, ""},
    {"Sign", 13, 1, 1, 1, 1, ""},
    {"Sin", 13, 1, 1, 1, 1, ""},
    {"Sinh", 13, 1, 1, 1, 1, ""},
    {"Size", 13, 1, 1, 1, 1, ""},
    {"Slice", 13, 3, 5, 1, 1, ""},
    {"Softmax", 13, 1, 1, 1, 1, "axis:i"},
    {"SoftmaxCrossEntropyLoss", 13, 2, 3, 1, 2, "ignore_index:i reduction:s"},
    {"Softplus", 13, 1, 1, 1, 1, ""},
    {"Softsign", 13, 1, 1, 1, 1, ""},
    {"SpaceToDepth", 13, 1, 1, 1, 1, "blocksize:i!"},
    {"Split", 13, 1, 2, 1, kVariadic, "axis:i num_outputs:i+18"},
    {"Sqrt", 13, 1, 1, 1, 1, ""},
    {"Squeeze", 13, 1, 2, 1, 1, ""},
    {"StringConcat", 20, 2, 2, 1, 1, ""},
    {"StringNormalizer", 13, 1, 1, 1, 1, "case_change_action:s is_case_sensitive:i locale:s stopwords:S"},
    {"StringSplit", 20, 1, 1, 2, 2, "delimiter:s maxsplit:i"},
    {"Sub", 13, 2, 2, 1, 1, ""},
    {"Sum", 13, 1, kVariadic, 1, 1, ""},
    {"Tan", 13, 1, 1, 1, 1, ""},
    {"Tanh", 13, 1, 1, 1, 1, ""},
    {"TfIdfVectorizer", 13, 1, 1, 1, 1,
     "max_gram_length:i! max_skip_count:i! min_gram_length:i! mode:s! ngram_counts:I! ngram_indexes:I! "
     "pool_int64s:I pool_strings:S weights:F"},
    {"ThresholdedRelu", 13, 1, 1, 1, 1, "alpha:f"},
    {"Tile", 13, 2, 2, 1, 1, ""},
    {"TopK", 13, 2, 2, 2, 2, "axis:i largest:i sorted:i"},
    {"Transpose", 13, 1, 1, 1, 1, "perm:I"},
    {"Trilu", 14, 1, 2, 1, 1, "upper:i"},
    {"Unique", 13, 1, 1, 1, 4, "axis:i sorted:i"},
    {"Unsqueeze", 13, 2, 2, 1, 1, ""},
    {"Where", 13, 3, 3, 1, 1, ""},
    {"Xor", 13, 2, 2, 1, 1, ""},
});

struct AttributeRule {
  std::string_view name;
  char kind = 0;
  bool required = false;
  int since = kOldestWrittenOpset;
};

/// Calls `visit` with each rule of a schema's attribute list.
template <typename Visit>
void for_each_rule(std::string_view attributes, Visit visit) {
  while (!attributes.empty()) {
    const std::string_view word = attributes.substr(0, attributes.find(' '));
    attributes.remove_prefix(std::min(attributes.size(), word.size() + 1));
    const size_t colon = word.find(':');
    AttributeRule rule{word.substr(0, colon), word[colon + 1], word.ends_with('!')};
    if (const size_t plus = word.find('+'); plus != std::string_view::npos)
      std::from_chars(word.data() + plus + 1, word.data() + word.size(), rule.since);
    visit(rule);
  }
}

char kind_of(const Attribute& attribute) {
  static constexpr std::string_view kKinds = "ifsIFStg";
  return kKinds[attribute.index()];
}

std::string_view describe_kind(char kind) {
  switch (kind) {
    case 'i':
      return "an integer";
    case 'f':
      return "a float";
    case 's':
      return "a string";
    case 'I':
      return "a list of integers";
    case 'F':
      return "a list of floats";
    case 'S':
      return "a list of strings";
    case 't':
      return "a tensor";
    default:
      return "a graph";
  }
}

Status check_count(std::string_view what, size_t count, int least, int most) {
  if (count < static_cast<size_t>(least))
    return invalid_argument("has {} {}, but the op takes at least {}", count, what, least);
  if (most != kVariadic && count > static_cast<size_t>(most))
    return invalid_argument("has {} {}, but the op takes at most {}", count, what, most);
  return {};
}

Status check_required_inputs(const Node& node, const OpSchema& schema) {
  if (schema.op == "Loop") return {};  // its first two inputs may be absent, but must be written
  for (size_t index = 0; index < static_cast<size_t>(schema.min_inputs); ++index)
    if (node.inputs[index].empty()) return invalid_argument("lacks its required input {}", index);
  return {};
}

Status check_attributes(const Node& node, const OpSchema& schema) {
  std::map<std::string_view, AttributeRule> rules;
  for_each_rule(schema.attributes, [&](const AttributeRule& rule) { rules.emplace(rule.name, rule); });
  for (const auto& [name, attribute] : node.attributes) {
    const auto rule = rules.find(name);
    if (rule == rules.end())
      return invalid_argument("has attribute '{}', which the op does not know: remove it", name);
    if (rule->second.kind != kind_of(attribute))
      return invalid_argument("attribute '{}' is {}, but the op takes {}", name,
                              describe_kind(kind_of(attribute)), describe_kind(rule->second.kind));
  }
  for (const auto& [name, rule] : rules)
    if (rule.required && !node.attributes.contains(std::string(name)))
      return invalid_argument("lacks attribute '{}' ({})", name, describe_kind(rule.kind));
  return {};
}

}  // namespace

const OpSchema* find_schema(std::string_view op) {
  const auto* found =
      std::lower_bound(kSchemas.begin(), kSchemas.end(), op,
                       [](const OpSchema& schema, std::string_view name) { return schema.op < name; });
  return found != kSchemas.end() && found->op == op ? found : nullptr;
}

Status check_against_schema(const Node& node) {
  if (!node.domain.empty()) return {};
  const OpSchema* schema = find_schema(node.op);
  if (schema == nullptr)
    return unsupported(
        "op {} is not one of the {} tensor ops of ONNX opsets 7 to 21 that Ridgeline holds: replace it",
        node.op, kSchemas.size());
  RETURN_IF_ERROR(check_count("inputs", node.inputs.size(), schema->min_inputs, schema->max_inputs));
  RETURN_IF_ERROR(check_required_inputs(node, *schema));
  RETURN_IF_ERROR(check_count("outputs", node.outputs.size(), schema->min_outputs, schema->max_outputs));
  return check_attributes(node, *schema);
}

Status check_written_opset(const Node& node, int64_t opset) {
  if (!node.domain.empty()) return {};
  const OpSchema* schema = find_schema(node.op);
  if (schema == nullptr) return unsupported("ONNX has no op {}", node.op);
  if (schema->since > opset)
    return unsupported("op {} came with opset {}, but opset {} is written", node.op, schema->since, opset);
  Status status;
  for_each_rule(schema->attributes, [&](const AttributeRule& rule) {
    if (rule.since > opset && node.has(rule.name))
      status = unsupported("attribute '{}' came with opset {}, but opset {} is written", rule.name,
                           rule.since, opset);
  });
  return status;
}

}  // namespace ridgeline::formats
