#include <array>
#include <cmath>

#include "graph/onnx_dtype.h"
#include "graph/ops/families.h"
#include "tensor/half.h"

namespace ridgeline::ops {
namespace {

std::optional<Shape> shape_from(const PartialValue* dims) {
  if (dims == nullptr) return std::nullopt;
  Shape shape;
  for (const auto& dim : *dims)
    shape.dims().push_back(dim && *dim >= 0 ? static_cast<int64_t>(*dim) : Shape::kUnknownDim);
  return shape;
}

Status constant_of_shape(InferContext& context) {
  const Tensor* fill = context.node().tensor("value");
  const auto shape = shape_from(context.value(0));
  context.set_output(0, fill == nullptr ? DType::kF32 : fill->dtype(), shape);
  if (!shape || shape->rank() > 1 || !shape->is_static() || !shape->checked_element_count(8).ok() ||
      shape->element_count() > 64)
    return {};
  double element = 0;
  if (fill != nullptr) {
    ASSIGN_OR_RETURN(const Tensor wide, convert(*fill, DType::kF64));
    if (wide.element_count() != 1) return context.error("attribute 'value' must hold one element");
    element = wide.as<double>()[0];
  }
  context.set_value(0, PartialValue(static_cast<size_t>(shape->element_count()), element));
  return {};
}

Status range(InferContext& context) {
  const PartialValue *start = context.value(0), *limit = context.value(1), *delta = context.value(2);
  context.set_output(0, context.dtype(0), Shape{Shape::kUnknownDim});
  const auto known = [](const PartialValue* value) {
    return value != nullptr && value->size() == 1 && value->front();
  };
  if (!known(start) || !known(limit) || !known(delta)) return {};
  const double first = *start->front(), step = *delta->front();
  const double count = step == 0 ? -1 : std::max(0.0, std::ceil((*limit->front() - first) / step));
  if (!(count >= 0 && count < 1e12)) return context.error("start, limit and delta make no range");
  context.set_output(0, context.dtype(0), Shape{static_cast<int64_t>(count)});
  if (count > 64) return {};
  PartialValue values;
  for (int i = 0; i < static_cast<int>(count); ++i) values.emplace_back(first + i * step);
  context.set_value(0, std::move(values));
  return {};
}

DType declared_type(const InferContext& context, DType fallback) {
  return dtype_from_onnx(context.node().int_or("dtype", 0)).value_or(fallback);
}

Status random_of_shape(InferContext& context) {
  context.set_output(0, declared_type(context, DType::kF32), Shape(context.node().ints_or("shape", {})));
  return {};
}

Status like_input(InferContext& context) {
  context.set_output(0, declared_type(context, context.dtype(0)), context.shape(0));
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"Bernoulli", 1, 1, like_input},
    {"ConstantOfShape", 1, 1, constant_of_shape},
    {"EyeLike", 1, 1, like_input},
    {"RandomNormal", 0, 0, random_of_shape},
    {"RandomNormalLike", 1, 1, like_input},
    {"RandomUniform", 0, 0, random_of_shape},
    {"RandomUniformLike", 1, 1, like_input},
    {"Range", 3, 3, range},
});

}  // namespace

std::span<const OpRow> creation_ops() { return kRows; }

}  // namespace ridgeline::ops
