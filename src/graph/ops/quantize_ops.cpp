#include <array>

#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

Status quantize(InferContext& context) {
  context.set_output(0, context.has_input(2) ? context.dtype(2) : DType::kU8, context.shape(0));
  return {};
}

Status dequantize(InferContext& context) {
  context.set_output(0, context.dtype(1), context.shape(0));
  return {};
}

Status dynamic_quantize(InferContext& context) {
  context.set_output(0, DType::kU8, context.shape(0));
  context.set_output(1, DType::kF32, Shape{});
  context.set_output(2, DType::kU8, Shape{});
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"DequantizeLinear", 2, 3, dequantize},
    {"DynamicQuantizeLinear", 1, 1, dynamic_quantize},
    {"QuantizeLinear", 2, 3, quantize},
});

}  // namespace

std::span<const OpRow> quantize_ops() { return kRows; }

}  // namespace ridgeline::ops
