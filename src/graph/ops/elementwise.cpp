#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "graph/onnx_dtype.h"
#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

bool is_integer(DType dtype) { return !is_float(dtype); }

/// Applies `function` to the elements of both inputs where they are known; a single element meets all of the
/// other's.
template <typename Function>
void combine_values(InferContext& context, Function function) {
  const PartialValue* a = context.value(0);
  const PartialValue* b = context.value(1);
  if (context.input_count() != 2 || a == nullptr || b == nullptr || a->empty() || b->empty()) return;
  if (a->size() != b->size() && a->size() != 1 && b->size() != 1) return;
  PartialValue out;
  for (size_t i = 0; i < std::max(a->size(), b->size()); ++i) {
    const auto& x = (*a)[a->size() == 1 ? 0 : i];
    const auto& y = (*b)[b->size() == 1 ? 0 : i];
    out.push_back(x && y ? std::optional<double>(function(*x, *y)) : std::nullopt);
  }
  context.set_value(0, std::move(out));
}

template <typename Function>
void map_values(InferContext& context, Function function) {
  const PartialValue* value = context.value(0);
  if (value == nullptr) return;
  PartialValue out;
  for (const auto& element : *value)
    out.push_back(element ? std::optional<double>(function(*element)) : std::nullopt);
  context.set_value(0, std::move(out));
}

template <typename Function>
Status arithmetic(InferContext& context) {
  RETURN_IF_ERROR(like_numpy(context));
  combine_values(context, Function{});
  return {};
}

Status divide(InferContext& context) {
  RETURN_IF_ERROR(like_numpy(context));
  const bool truncate = is_integer(context.dtype(0));
  combine_values(context, [truncate](double a, double b) {
    if (b == 0) return std::nan("");
    return truncate ? std::trunc(a / b) : a / b;
  });
  return {};
}

Status modulo(InferContext& context) {
  RETURN_IF_ERROR(like_numpy(context));
  const bool truncate = context.node().int_or("fmod", 0) != 0;
  combine_values(context, [truncate](double a, double b) {
    if (b == 0) return std::nan("");
    return truncate ? std::fmod(a, b) : a - std::floor(a / b) * b;
  });
  return {};
}

struct Smaller {
  double operator()(double a, double b) const { return std::min(a, b); }
};
struct Larger {
  double operator()(double a, double b) const { return std::max(a, b); }
};
struct Power {
  double operator()(double a, double b) const { return std::pow(a, b); }
};

template <typename Function>
Status comparison(InferContext& context) {
  RETURN_IF_ERROR(like_numpy(context));
  if (context.node().has_output(0)) context.scope().types[context.node().outputs[0]].dtype = DType::kBool;
  combine_values(context, Function{});
  return {};
}

Status to_bool(InferContext& context) {
  context.set_output(0, DType::kBool, context.shape(0));
  return {};
}

Status logical_not(InferContext& context) {
  RETURN_IF_ERROR(to_bool(context));
  map_values(context, [](double x) { return x == 0 ? 1.0 : 0.0; });
  return {};
}

template <double (*function)(double)>
Status mapped(InferContext& context) {
  RETURN_IF_ERROR(same_as_input(context));
  map_values(context, function);
  return {};
}
double floor_of(double x) { return std::floor(x); }
double ceil_of(double x) { return std::ceil(x); }
double sqrt_of(double x) { return std::sqrt(x); }
double negated(double x) { return -x; }
double absolute(double x) { return std::abs(x); }
double unchanged(double x) { return x; }
double round_of(double x) { return std::nearbyint(x); }

Status cast(InferContext& context) {
  const auto to = dtype_from_onnx(context.node().int_or("to", 0));
  if (!to) return context.error("attribute 'to' names no element type");
  context.set_output(0, *to, context.shape(0));
  const bool truncate = is_integer(*to), to_truth = *to == DType::kBool;
  map_values(context, [=](double x) {
    if (to_truth) return x != 0 ? 1.0 : 0.0;
    return truncate ? std::trunc(x) : x;
  });
  return {};
}

Status cast_like(InferContext& context) {
  context.set_output(0, context.dtype(1), context.shape(0));
  map_values(context, unchanged);
  return {};
}

Status where(InferContext& context) {
  const auto a = context.shape(0), b = context.shape(1), c = context.shape(2);
  std::optional<Shape> shape;
  if (a && b && c) {
    const auto branches = broadcast(*b, *c);
    shape = branches ? broadcast(*a, *branches) : std::nullopt;
    if (!shape)
      return context.error("shapes {}, {} and {} do not broadcast", a->to_string(), b->to_string(),
                           c->to_string());
  }
  context.set_output(0, context.dtype(1), shape);
  const PartialValue *condition = context.value(0), *yes = context.value(1), *no = context.value(2);
  if (condition == nullptr || yes == nullptr || no == nullptr || yes->empty() || no->empty()) return {};
  PartialValue out;
  for (size_t i = 0; i < condition->size(); ++i) {
    const PartialValue& chosen = (*condition)[i].value_or(0) != 0 ? *yes : *no;
    const bool known = (*condition)[i] && (chosen.size() == 1 || chosen.size() == condition->size());
    out.push_back(known ? chosen[chosen.size() == 1 ? 0 : i] : std::nullopt);
  }
  context.set_value(0, std::move(out));
  return {};
}

Status prelu(InferContext& context) {
  const auto x = context.shape(0), slope = context.shape(1);
  if (x && slope && !broadcast(*x, *slope))
    return context.error("slope {} does not broadcast to {}", slope->to_string(), x->to_string());
  return same_as_input(context);
}

Status dropout(InferContext& context) {
  context.set_output(1, DType::kBool, context.shape(0));
  return same_as_input(context);
}

constexpr auto kRows = std::to_array<OpRow>({
    {"Abs", 1, 1, mapped<absolute>},
    {"Acos", 1, 1, same_as_input},
    {"Acosh", 1, 1, same_as_input},
    {"Add", 2, 2, arithmetic<std::plus<>>},
    {"And", 2, 2, comparison<std::logical_and<>>},
    {"Asin", 1, 1, same_as_input},
    {"Asinh", 1, 1, same_as_input},
    {"Atan", 1, 1, same_as_input},
    {"Atanh", 1, 1, same_as_input},
    {"BitShift", 2, 2, like_numpy},
    {"BitwiseAnd", 2, 2, like_numpy},
    {"BitwiseNot", 1, 1, same_as_input},
    {"BitwiseOr", 2, 2, like_numpy},
    {"BitwiseXor", 2, 2, like_numpy},
    {"Cast", 1, 1, cast},
    {"CastLike", 2, 2, cast_like},
    {"Ceil", 1, 1, mapped<ceil_of>},
    {"Celu", 1, 1, same_as_input},
    {"Clip", 1, 3, same_as_input},
    {"Cos", 1, 1, same_as_input},
    {"Cosh", 1, 1, same_as_input},
    {"Div", 2, 2, divide},
    {"Dropout", 1, 3, dropout},
    {"Elu", 1, 1, same_as_input},
    {"Equal", 2, 2, comparison<std::equal_to<>>},
    {"Erf", 1, 1, same_as_input},
    {"Exp", 1, 1, same_as_input},
    {"Floor", 1, 1, mapped<floor_of>},
    {"Gelu", 1, 1, same_as_input},
    {"Greater", 2, 2, comparison<std::greater<>>},
    {"GreaterOrEqual", 2, 2, comparison<std::greater_equal<>>},
    {"HardSigmoid", 1, 1, same_as_input},
    {"HardSwish", 1, 1, same_as_input},
    {"Identity", 1, 1, mapped<unchanged>},
    {"IsInf", 1, 1, to_bool},
    {"IsNaN", 1, 1, to_bool},
    {"LeakyRelu", 1, 1, same_as_input},
    {"Less", 2, 2, comparison<std::less<>>},
    {"LessOrEqual", 2, 2, comparison<std::less_equal<>>},
    {"Log", 1, 1, same_as_input},
    {"Max", 1, kAnyNumber, arithmetic<Larger>},
    {"Mean", 1, kAnyNumber, like_numpy},
    {"Min", 1, kAnyNumber, arithmetic<Smaller>},
    {"Mish", 1, 1, same_as_input},
    {"Mod", 2, 2, modulo},
    {"Mul", 2, 2, arithmetic<std::multiplies<>>},
    {"Neg", 1, 1, mapped<negated>},
    {"Not", 1, 1, logical_not},
    {"Or", 2, 2, comparison<std::logical_or<>>},
    {"PRelu", 2, 2, prelu},
    {"Pow", 2, 2, arithmetic<Power>},
    {"Reciprocal", 1, 1, same_as_input},
    {"Relu", 1, 1, same_as_input},
    {"Round", 1, 1, mapped<round_of>},
    {"Selu", 1, 1, same_as_input},
    {"Shrink", 1, 1, same_as_input},
    {"Sigmoid", 1, 1, same_as_input},
    {"Sign", 1, 1, same_as_input},
    {"Sin", 1, 1, same_as_input},
    {"Sinh", 1, 1, same_as_input},
    {"Softplus", 1, 1, same_as_input},
    {"Softsign", 1, 1, same_as_input},
    {"Sqrt", 1, 1, mapped<sqrt_of>},
    {"Sub", 2, 2, arithmetic<std::minus<>>},
    {"Sum", 1, kAnyNumber, like_numpy},
    {"Tan", 1, 1, same_as_input},
    {"Tanh", 1, 1, same_as_input},
    {"ThresholdedRelu", 1, 1, same_as_input},
    {"Where", 3, 3, where},
    {"Xor", 2, 2, comparison<std::not_equal_to<>>},
});

}  // namespace

std::span<const OpRow> elementwise_ops() { return kRows; }

}  // namespace ridgeline::ops
