#include <array>

#include "engine/native/operands.h"
#include "kernels/ref/binary.h"
#include "kernels/select.h"
#include "kernels/unary.h"
#include "tensor/half.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

/// ONNX's defaults of the attributes that a function of one tensor takes.
ref::UnaryParams params_of(const Node& node) {
  if (node.op == "LeakyRelu") return {node.float_or("alpha", 0.01F), 0};
  if (node.op == "HardSigmoid") return {node.float_or("alpha", 0.2F), node.float_or("beta", 0.5F)};
  if (node.op == "Selu")
    return {node.float_or("alpha", 1.67326319217681884765625F),
            node.float_or("gamma", 1.05070102214813232421875F)};
  if (node.op == "Shrink") return {node.float_or("lambd", 0.5F), node.float_or("bias", 0)};
  if (node.op == "IsInf")
    return {static_cast<float>(node.int_or("detect_negative", 1)),
            static_cast<float>(node.int_or("detect_positive", 1))};
  return {node.float_or("alpha", 1), 0};
}

/// An input each of whose elements is read for the result's at its place alone.
std::optional<size_t> replaceable(const BuildContext& context, size_t input) {
  const TensorView &in = context.input(input), &out = context.output(0);
  return in.dtype == out.dtype && in.shape == out.shape ? context.in[input] : std::nullopt;
}

Result<Built> unary(const BuildContext& context) {
  const bool tanh_gelu = context.node.op == "Gelu" && context.node.string_or("approximate", "none") == "tanh";
  const kernels::UnaryDesc desc{
      .op = tanh_gelu ? ref::UnaryOp::kGeluTanh : *ref::unary_op_from_name(context.node.op),
      .params = params_of(context.node),
      .dtype = context.input(0).dtype};
  const kernels::UnaryImpl& impl = *kernels::select(kernels::unary_impls(), desc, context.cpu).impl;
  return Built{.kernel = std::string(impl.name),
               .run = [desc, run = impl.run, in = *context.in[0], out = context.out[0]](
                          Slots slots, ThreadPool& pool) { return run(desc, slots[in], slots[out], pool); },
               .replaced = replaceable(context, 0)};
}

Result<Built> clip(const BuildContext& context) {
  RETURN_IF_ERROR(check_same_type(context, 0));
  for (size_t i = 1; i < context.in.size(); ++i)
    if (context.has(i) && context.input(i).shape.element_count() != 1)
      return unsupported("{}: a bound is not one number", context.node.describe());
  const auto bound = [&](size_t i) { return context.has(i) ? context.in[i] : std::nullopt; };
  return Built{"ref", [in = *context.in[0], low = bound(1), high = bound(2), out = context.out[0]](
                          Slots slots, ThreadPool& pool) {
                 const auto data = [&](std::optional<size_t> slot) {
                   return slot ? slots[*slot].data : nullptr;
                 };
                 return ref::clip(slots[in], data(low), data(high), slots[out], pool);
               }};
}

ref::BinaryOp binary_op_of(const Node& node) {
  if (node.op == "BitShift")
    return node.string_or("direction", "") == "LEFT" ? ref::BinaryOp::kBitShiftLeft
                                                     : ref::BinaryOp::kBitShiftRight;
  if (node.op == "Mod" && node.int_or("fmod", 0) != 0) return ref::BinaryOp::kFmod;
  return *ref::binary_op_from_name(node.op);
}

Result<Built> binary(const BuildContext& context) {
  if (context.node.op != "Pow") RETURN_IF_ERROR(check_same_type(context, 0));
  const auto left = replaceable(context, 0);
  return Built{
      .kernel = "ref",
      .run = [op = binary_op_of(context.node), a = *context.in[0], b = *context.in[1], out = context.out[0]](
                 Slots slots,
                 ThreadPool& pool) { return ref::binary(op, slots[a], slots[b], slots[out], pool); },
      .replaced = left ? left : replaceable(context, 1)};
}

Result<Built> cast(const BuildContext& context) {
  return Built{"ref", [in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool&) -> Status {
                 convert(slots[in], slots[out]);
                 return {};
               }};
}

template <ref::BinaryOp op, bool is_mean>
Result<Built> fold(const BuildContext& context) {
  RETURN_IF_ERROR(check_same_type(context, 0));
  std::vector<size_t> in;
  for (const auto& slot : context.in) in.push_back(*slot);
  const float scale = is_mean ? 1.0F / static_cast<float>(in.size()) : 1.0F;
  return Built{"ref", [in, scale, views = std::vector<TensorView>(in.size()), out = context.out[0]](
                          Slots slots, ThreadPool& pool) mutable {
                 for (size_t i = 0; i < in.size(); ++i) views[i] = slots[in[i]];
                 return ref::fold(op, views, scale, slots[out], pool);
               }};
}

Result<Built> where(const BuildContext& context) {
  if (context.input(0).dtype != DType::kBool)
    return unsupported("{}: the condition is not bool", context.node.describe());
  RETURN_IF_ERROR(check_same_type(context, 1));
  return Built{"ref",
               [c = *context.in[0], a = *context.in[1], b = *context.in[2], out = context.out[0]](
                   Slots slots, ThreadPool& pool) -> Status {
                 ref::where(slots[c], slots[a], slots[b], slots[out], pool);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({
    {"Abs", unary},
    {"Acos", unary},
    {"Acosh", unary},
    {"Add", binary},
    {"And", binary},
    {"Asin", unary},
    {"Asinh", unary},
    {"Atan", unary},
    {"Atanh", unary},
    {"BitShift", binary},
    {"BitwiseAnd", binary},
    {"BitwiseNot", unary},
    {"BitwiseOr", binary},
    {"BitwiseXor", binary},
    {"Cast", cast},
    {"CastLike", cast},
    {"Ceil", unary},
    {"Celu", unary},
    {"Clip", clip},
    {"Cos", unary},
    {"Cosh", unary},
    {"Div", binary},
    {"Elu", unary},
    {"Equal", binary},
    {"Erf", unary},
    {"Exp", unary},
    {"Floor", unary},
    {"Gelu", unary},
    {"Greater", binary},
    {"GreaterOrEqual", binary},
    {"HardSigmoid", unary},
    {"HardSwish", unary},
    {"IsInf", unary},
    {"IsNaN", unary},
    {"LeakyRelu", unary},
    {"Less", binary},
    {"LessOrEqual", binary},
    {"Log", unary},
    {"Max", fold<ref::BinaryOp::kMax, false>},
    {"Mean", fold<ref::BinaryOp::kAdd, true>},
    {"Min", fold<ref::BinaryOp::kMin, false>},
    {"Mish", unary},
    {"Mod", binary},
    {"Mul", binary},
    {"Neg", unary},
    {"Not", unary},
    {"Or", binary},
    {"PRelu", binary},
    {"Pow", binary},
    {"Reciprocal", unary},
    {"Relu", unary},
    {"Round", unary},
    {"Selu", unary},
    {"Shrink", unary},
    {"Sigmoid", unary},
    {"Sign", unary},
    {"Sin", unary},
    {"Sinh", unary},
    {"Softplus", unary},
    {"Softsign", unary},
    {"Sqrt", unary},
    {"Sub", binary},
    {"Sum", fold<ref::BinaryOp::kAdd, false>},
    {"Tan", unary},
    {"Tanh", unary},
    {"ThresholdedRelu", unary},
    {"Where", where},
    {"Xor", binary},
});

}  // namespace

std::span<const BuilderRow> elementwise_builders() { return kRows; }

}  // namespace ridgeline::native
