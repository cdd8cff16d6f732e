#include "engine/model_precision.h"

#include <algorithm>
#include <array>

namespace ridgeline {

namespace {

bool is_quantized_op(const Node& node) {
  static constexpr std::array<std::string_view, 7> kOps = {
      "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv",
      "QLinearMatMul",  "ConvInteger",      "MatMulInteger"};
  return std::find(kOps.begin(), kOps.end(), node.op) != kOps.end();
}

/// Elements of weights by float type.
struct FloatCounts {
  int64_t f32 = 0;
  int64_t f16 = 0;
  int64_t bf16 = 0;

  void add(const Tensor& tensor) {
    if (tensor.dtype() == DType::kF32) f32 += tensor.element_count();
    if (tensor.dtype() == DType::kF16) f16 += tensor.element_count();
    if (tensor.dtype() == DType::kBF16) bf16 += tensor.element_count();
  }
};

}  // namespace

Precision stored_precision(const Graph& graph) {
  if (std::any_of(graph.nodes.begin(), graph.nodes.end(), is_quantized_op)) return Precision::kInt8;
  FloatCounts counts;
  for (const auto& [name, tensor] : graph.initializers) counts.add(tensor);
  for (const Node& node : graph.nodes) {
    for (const auto& [name, attribute] : node.attributes) {
      if (const auto* tensor = std::get_if<Tensor>(&attribute)) counts.add(*tensor);
    }
  }
  if (counts.f16 > counts.f32 && counts.f16 >= counts.bf16) return Precision::kFp16;
  if (counts.bf16 > counts.f32) return Precision::kBf16;
  return Precision::kFp32;
}

}  // namespace ridgeline
