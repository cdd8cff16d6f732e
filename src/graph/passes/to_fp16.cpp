#include "graph/passes/to_fp16.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "graph/infer.h"
#include "graph/onnx_dtype.h"
#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"
#include "tensor/half.h"

namespace ridgeline::passes {
namespace {

/// Rounding their numbers would move boxes, indices or scales, or ONNX gives them no FP16 form.
constexpr auto kStayFp32 = std::to_array<std::string_view>(
    {"Bernoulli", "CumSum", "DequantizeLinear", "DynamicQuantizeLinear", "EyeLike", "GridSample",
     "Multinomial", "NonMaxSuppression", "OneHot", "QuantizeLinear", "RandomNormal", "RandomUniform",
     "RandomNormalLike", "RandomUniformLike", "Range", "Resize", "RoiAlign", "TopK", "Upsample"});

bool stays_fp32(const Node& node) {
  return !node.domain.empty() || std::find(kStayFp32.begin(), kStayFp32.end(), node.op) != kStayFp32.end();
}

Result<Tensor> rounded(const Tensor& wide) {
  constexpr float kLargest = 65504;
  ASSIGN_OR_RETURN(Tensor clamped, Tensor::from_values<float>(wide.shape(), wide.as<float>()));
  for (float& value : clamped.as<float>())
    if (std::isfinite(value)) value = std::clamp(value, -kLargest, kLargest);
  return convert(clamped, DType::kF16);
}

/// Gives each FP32 value of the graph an FP16 twin where one is needed, and the other way round.
class HalfWriter {
 public:
  HalfWriter(Graph& graph, const TypeMap& types) : names_(graph), graph_(graph), types_(types) {}

  Status run() {
    std::vector<Node> before = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (Node& node : before) {
      for (const auto& [name, attribute] : node.attributes)
        if (std::holds_alternative<std::shared_ptr<const Graph>>(attribute))
          return unsupported("{}: its subgraph cannot be converted to fp16", node.describe());
      const bool in_half = !stays_fp32(node);
      for (std::string& input : node.inputs) {
        ASSIGN_OR_RETURN(input, in_half ? half(input) : full(input));
      }
      if (in_half) RETURN_IF_ERROR(write_half(node));
      graph_.nodes.push_back(std::move(node));
    }
    for (const ValueInfo& output : graph_.outputs)
      if (const auto twin = half_of_.find(output.name);
          twin != half_of_.end() && made_half_.contains(output.name))
        add_cast(twin->second, output.name, DType::kF32);
    return {};
  }

 private:
  bool is_f32(const std::string& value) const {
    const auto type = types_.find(value);
    return type != types_.end() && type->second.dtype == DType::kF32;
  }

  void add_cast(const std::string& from, const std::string& to, DType type) {
    graph_.nodes.push_back(Node{.name = to + "/cast",
                                .op = "Cast",
                                .domain = "",
                                .inputs = {from},
                                .outputs = {to},
                                .attributes = {{"to", onnx_number_of(type)}}});
  }

  /// The name under which an FP16 node reads `value`.
  Result<std::string> half(const std::string& value) {
    if (value.empty() || !is_f32(value)) return value;
    if (const auto known = half_of_.find(value); known != half_of_.end()) return known->second;
    const std::string twin = half_of_[value] = names_.fresh_name(value + "/fp16");
    if (const Tensor* weights = graph_.initializer(value)) {
      ASSIGN_OR_RETURN(graph_.initializers[twin], rounded(*weights));
    } else {
      add_cast(value, twin, DType::kF16);
    }
    return twin;
  }

  /// The name under which an FP32 node reads `value`.
  Result<std::string> full(const std::string& value) {
    if (!made_half_.contains(value)) return value;
    auto& twin = full_of_[value];
    if (twin.empty()) {
      twin = names_.fresh_name(value + "/fp32");
      add_cast(half_of_.at(value), twin, DType::kF32);
    }
    return twin;
  }

  /// Makes the node's own FP32 outputs and attributes FP16.
  Status write_half(Node& node) {
    for (std::string& output : node.outputs) {
      if (output.empty() || !is_f32(output)) continue;
      made_half_.insert(output);
      output = half_of_[output] = names_.fresh_name(output + "/fp16");
    }
    if (node.op == "Cast" && node.int_or("to", 0) == onnx_number_of(DType::kF32))
      node.attributes["to"] = onnx_number_of(DType::kF16);
    for (auto& [name, attribute] : node.attributes)
      if (auto* tensor = std::get_if<Tensor>(&attribute);
          tensor != nullptr && tensor->dtype() == DType::kF32) {
        ASSIGN_OR_RETURN(*tensor, rounded(*tensor));
      }
    return {};
  }

  Rewriter names_;
  Graph& graph_;
  const TypeMap& types_;
  std::map<std::string, std::string> half_of_, full_of_;
  std::set<std::string> made_half_;  ///< values that only an FP16 node makes
};

}  // namespace

Status to_fp16(Graph& graph) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  Graph converted = graph;
  converted.source = {};
  RETURN_IF_ERROR(HalfWriter(converted, types).run());
  RETURN_IF_ERROR(remove_dead_code(converted, {}));
  graph = std::move(converted);
  return {};
}

}  // namespace ridgeline::passes
