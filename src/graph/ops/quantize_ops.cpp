#include <array>

#include "graph/ops/declared_type.h"
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

Status check_table(InferContext& context, size_t input) {
  const auto table = context.shape(input);
  if (table && *table != Shape{256}) return context.error("the table is {}", table->to_string());
  return {};
}

Status lookup(InferContext& context) {
  RETURN_IF_ERROR(check_table(context, 1));
  context.set_output(0, context.dtype(1), context.shape(0));
  return {};
}

Status lookup_mean(InferContext& context) {
  RETURN_IF_ERROR(check_table(context, 1));
  ASSIGN_OR_RETURN(const DType dtype, declared_type(context));
  auto shape = context.shape(0);
  if (shape)
    for (size_t axis = 2; axis < shape->rank(); ++axis) (*shape)[axis] = 1;
  context.set_output(0, dtype, shape);
  return {};
}

Status lookup_product(InferContext& context) {
  RETURN_IF_ERROR(check_table(context, 1));
  RETURN_IF_ERROR(check_table(context, 3));
  ASSIGN_OR_RETURN(const DType dtype, declared_type(context));
  context.set_output(0, dtype, context.shape(0));
  return {};
}

Status quantized_add(InferContext& context) {
  const auto a = context.shape(0), b = context.shape(1);
  if (a && b && *a != *b) return context.error("{} and {} differ", a->to_string(), b->to_string());
  ASSIGN_OR_RETURN(const DType dtype, declared_type(context));
  context.set_output(0, dtype, a);
  return {};
}

/// Weights are [columns, terms].
Status quantized_gemm(InferContext& context) {
  auto x = context.shape(0);
  const auto weights = context.shape(1);
  ASSIGN_OR_RETURN(const DType dtype, declared_type(context));
  context.set_output(0, dtype, std::nullopt);
  if (!x || !weights) return {};
  const bool fits = x->rank() >= 2 && weights->rank() == 2 &&
                    ((*x)[x->rank() - 1] < 0 || (*x)[x->rank() - 1] == (*weights)[1]);
  if (!fits)
    return context.error("input {} and weights {} do not fit together", x->to_string(), weights->to_string());
  (*x)[x->rank() - 1] = (*weights)[0];
  context.set_output(0, dtype, x);
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"DequantizeLinear", 2, 3, dequantize},
    {"DynamicQuantizeLinear", 1, 1, dynamic_quantize},
    {"Lookup", 2, 2, lookup, "ridgeline"},
    {"LookupMean", 2, 2, lookup_mean, "ridgeline"},
    {"LookupProduct", 4, 4, lookup_product, "ridgeline"},
    {"QuantizeLinear", 2, 3, quantize},
    {"QuantizedAdd", 2, 2, quantized_add, "ridgeline"},
    {"QuantizedGemm", 2, 3, quantized_gemm, "ridgeline"},
    {"RoundToSteps", 1, 1, same_as_input, "ridgeline"},
});

}  // namespace

std::span<const OpRow> quantize_ops() { return kRows; }

Result<DType> declared_type(const InferContext& context) {
  const std::string name = context.node().string_or("y_type", "");
  const auto dtype = dtype_from_name(name);
  if (!dtype) return context.error("attribute 'y_type' is '{}'", name);
  return *dtype;
}

}  // namespace ridgeline::ops
