#include "engine/native/quantized_builders.h"

#include <array>

#include "engine/native/operands.h"
#include "engine/native/packing.h"
#include "engine/native/pool_builders.h"
#include "kernels/ref/quantized.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;
using kernels::quantized::Finish;
using kernels::quantized::QuantizedConvDesc;
using kernels::quantized::QuantizedConvImpl;

/// A step of the result, 1 where that is FP32.
double unit_of(const Node& node) { return node.float_or("y_scale", 1); }

/// As the passes (graph/passes) wrote it.
Finish finish_of(const Node& node) {
  Finish finish;
  if (node.has("y_scale")) {
    finish.zero = static_cast<int32_t>(node.int_or("y_zero_point", 0));
    finish.low = static_cast<float>(node.int_or("y_low", 0) - finish.zero);
    finish.high = static_cast<float>(node.int_or("y_high", 0) - finish.zero);
  } else {
    finish.low = node.float_or("min", 0);
    finish.high = node.float_or("max", 0);
  }
  if (node.has("middle_scale")) {
    const int64_t zero = node.int_or("middle_zero_point", 0);
    finish.rounds_sums = true;
    finish.middle_low = static_cast<float>(node.int_or("middle_low", 0) - zero);
    finish.middle_high = static_cast<float>(node.int_or("middle_high", 0) - zero);
    finish.middle_scale = static_cast<float>(node.float_or("middle_scale", 1) / unit_of(node));
  }
  return finish;
}

/// The operand that `prefix` names: its steps, counted from its type's lowest, in steps of the result.
struct Operand {
  int32_t zero;
  float scale, shift;
};
Operand operand_of(const Node& node, const std::string& prefix, DType dtype) {
  const double scale = node.float_or(prefix + "_scale", 1) / unit_of(node);
  const int64_t zero = node.int_or(prefix + "_zero_point", 0) + (dtype == DType::kI8 ? 128 : 0);
  return {static_cast<int32_t>(zero), static_cast<float>(scale),
          static_cast<float>(-static_cast<double>(zero) * scale)};
}

void add_residual(const Node& node, const std::string& prefix, DType dtype, Finish& finish) {
  const Operand residual = operand_of(node, prefix, dtype);
  finish.residual_scale = residual.scale;
  finish.residual_shift = residual.shift;
}

Status check_bytes(const BuildContext& context, size_t i) {
  const DType dtype = context.input(i).dtype;
  if (dtype == DType::kU8 || dtype == DType::kI8) return {};
  return unsupported("{}: input {} is {}", context.node.describe(), i, name_of(dtype));
}

Result<Built> build(const BuildContext& context, const QuantizedConvDesc& desc) {
  return build_quantized_conv(context, desc,
                              kernels::select(kernels::quantized::conv_impls(), desc, context.cpu));
}

Result<Built> conv(const BuildContext& context) {
  RETURN_IF_ERROR(check_quantized_operands(context));
  ASSIGN_OR_RETURN(const QuantizedConvDesc desc,
                   describe_quantized({.node = context.node,
                                       .x = context.input(0),
                                       .weights = context.input(1).shape,
                                       .residual = context.slot(3) ? context.input(3).dtype : DType::kU8,
                                       .out = context.output(0).dtype,
                                       .threads = context.threads}));
  return build(context, desc);
}

Result<Built> gemm(const BuildContext& context) {
  RETURN_IF_ERROR(check_quantized_operands(context));
  return build(context, describe_quantized_gemm(context));
}

Result<Built> add(const BuildContext& context) {
  RETURN_IF_ERROR(check_bytes(context, 0));
  RETURN_IF_ERROR(check_bytes(context, 1));
  const ref::QuantizedAddDesc desc =
      describe_quantized_add(context.node, context.input(0).dtype, context.input(1).dtype);
  return Built{"ref", [desc, a = *context.in[0], b = *context.in[1], out = context.out[0]](Slots slots,
                                                                                           ThreadPool& pool) {
                 return ref::quantized_add(desc, slots[a], slots[b], slots[out], pool);
               }};
}

Result<Built> average(const BuildContext& context) {
  RETURN_IF_ERROR(check_bytes(context, 0));
  ASSIGN_OR_RETURN(const ref::QuantizedAverageDesc desc,
                   describe_quantized_average(context.node, context.input(0).shape, context.input(0).dtype));
  return Built{"ref", [desc, in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::quantized_average(desc, slots[in], slots[out], pool);
               }};
}

Result<Built> lookup(const BuildContext& context) {
  RETURN_IF_ERROR(check_bytes(context, 0));
  RETURN_IF_ERROR(check_bytes(context, 1));
  return Built{"ref",
               [in = *context.in[0], table = *context.in[1], out = context.out[0]](
                   Slots slots, ThreadPool& pool) -> Status {
                 ref::lookup(slots[in], slots[table], slots[out], pool);
                 return {};
               }};
}

Result<Built> lookup_mean(const BuildContext& context) {
  ASSIGN_OR_RETURN(const LookupTables tables, keep_tables(context, {}));
  ref::LookupMeanDesc desc = describe_lookup_mean(context.node, context.input(0).shape);
  desc.values = tables.values;
  return Built{"ref",
               [desc, in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::lookup_mean(desc, slots[in], slots[out], pool);
                 return {};
               },
               0,
               {1}};
}

Result<Built> lookup_product(const BuildContext& context) {
  ASSIGN_OR_RETURN(const LookupTables tables, keep_tables(context, {}));
  ref::LookupProductDesc desc = describe_lookup_product(context.node, context.input(0).shape);
  desc.values = tables.values;
  desc.factors = tables.factors;
  return Built{"ref",
               [desc, in = *context.in[0], steps = *context.in[2], out = context.out[0]](
                   Slots slots, ThreadPool& pool) -> Status {
                 ref::lookup_product(desc, slots[in], slots[steps], slots[out], pool);
                 return {};
               },
               0,
               {1, 3}};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"Lookup", lookup, false, "ridgeline"},
                                                  {"LookupMean", lookup_mean, false, "ridgeline"},
                                                  {"LookupProduct", lookup_product, false, "ridgeline"},
                                                  {"QuantizedAdd", add, false, "ridgeline"},
                                                  {"QuantizedAveragePool", average, false, "ridgeline"},
                                                  {"QuantizedConv", conv, false, "ridgeline"},
                                                  {"QuantizedGemm", gemm, false, "ridgeline"}});

}  // namespace

Result<QuantizedConvDesc> describe_quantized(const QuantizedConvNode& conv) {
  ASSIGN_OR_RETURN(kernels::ConvDesc plain, describe({.node = conv.node,
                                                      .x = conv.x.shape,
                                                      .weights = conv.weights,
                                                      .has_constant_weights = true,
                                                      .threads = conv.threads}));
  QuantizedConvDesc desc{.conv = plain,
                         .in = conv.x.dtype,
                         .residual = conv.residual,
                         .out = conv.out,
                         .in_zero = static_cast<int32_t>(conv.node.int_or("x_zero_point", 0)),
                         .finish = finish_of(conv.node)};
  if (plain.has_residual) add_residual(conv.node, "residual", conv.residual, desc.finish);
  return desc;
}

QuantizedConvDesc describe_quantized_gemm(const BuildContext& context) {
  const int64_t columns = context.input(1).shape[0], terms = context.input(1).shape[1];
  return {.conv = {.batch = context.input(0).shape.element_count() / terms,
                   .in_channels = terms,
                   .out_channels = columns,
                   .threads = context.threads,
                   .has_bias = context.has(2)},
          .in = context.input(0).dtype,
          .out = context.output(0).dtype,
          .in_zero = static_cast<int32_t>(context.node.int_or("x_zero_point", 0)),
          .finish = finish_of(context.node)};
}

ref::QuantizedAddDesc describe_quantized_add(const Node& node, DType a, DType b) {
  const Operand left = operand_of(node, "a", a);
  ref::QuantizedAddDesc desc{.scale = left.scale, .shift = left.shift, .finish = finish_of(node)};
  add_residual(node, "b", b, desc.finish);
  return desc;
}

Result<ref::QuantizedAverageDesc> describe_quantized_average(const Node& node, const Shape& x, DType dtype) {
  ASSIGN_OR_RETURN(const kernels::PoolCase planes, describe_pool(node, x));
  const Operand operand = operand_of(node, "x", dtype);
  return ref::QuantizedAverageDesc{.pool = planes.desc,
                                   .padding = planes.padding,
                                   .in_zero = operand.zero,
                                   .scale = operand.scale,
                                   .finish = finish_of(node)};
}

ref::LookupMeanDesc describe_lookup_mean(const Node& node, const Shape& x) {
  const int64_t planes = x[0] * x[1], plane = x.element_count() / planes;
  return {.planes = planes,
          .plane = plane,
          .factor = static_cast<float>(1 / (unit_of(node) * static_cast<double>(plane))),
          .finish = finish_of(node)};
}

ref::LookupProductDesc describe_lookup_product(const Node& node, const Shape& x) {
  const int64_t planes = x[0] * x[1];
  return {.planes = planes, .plane = x.element_count() / planes, .finish = finish_of(node)};
}

Result<LookupTables> keep_tables(const BuildContext& context, LookupFlips flips) {
  constexpr size_t kSteps = 256;
  const bool is_product = context.has(3);
  for (size_t i = 0; i < context.node.inputs.size(); i += 2) {
    RETURN_IF_ERROR(check_bytes(context, i));
    if (!context.is_constant(i + 1) || context.input(i + 1).dtype != DType::kF32)
      return unsupported("{}: its table is no constant", context.node.describe());
  }
  ASSIGN_OR_RETURN(Tensor kept,
                   Tensor::zeros(DType::kF32, {static_cast<int64_t>(is_product ? 2 * kSteps : kSteps)}));
  for (size_t step = 0; step < kSteps; ++step) {
    kept.as<float>()[step] = context.input(1).as<float>()[step ^ flips.values];
    if (is_product)
      kept.as<float>()[kSteps + step] =
          static_cast<float>(context.input(3).as<float>()[step ^ flips.factors] / unit_of(context.node));
  }
  context.packed.push_back(kept);
  const float* const values = kept.as<float>().data();
  return LookupTables{values, is_product ? values + kSteps : nullptr};
}

Status check_quantized_operands(const BuildContext& context) {
  RETURN_IF_ERROR(check_bytes(context, 0));
  if (context.has(3)) RETURN_IF_ERROR(check_bytes(context, 3));
  const bool has_weights = context.is_constant(1) && context.input(1).dtype == DType::kI8;
  const bool has_bias = !context.has(2) || (context.is_constant(2) && context.input(2).dtype == DType::kF32);
  return has_weights && has_bias ? Status()
                                 : unsupported("{}: its weights are no constants", context.node.describe());
}

Result<const float*> keep_scales(const BuildContext& context, int64_t channels) {
  const Attribute* const attribute = &context.node.attributes.at("sum_scales");
  const auto* const scales = std::get_if<std::vector<float>>(attribute);
  if (scales == nullptr || static_cast<int64_t>(scales->size()) != channels)
    return unsupported("{}: attribute 'sum_scales' does not fit", context.node.describe());
  const double unit = context.node.float_or("middle_scale", static_cast<float>(unit_of(context.node)));
  ASSIGN_OR_RETURN(Tensor kept, Tensor::zeros(DType::kF32, {2 * channels}));
  for (size_t c = 0; c < scales->size(); ++c) {
    kept.as<float>()[c] = static_cast<float>((*scales)[c] / unit);
    if (context.has(2))
      kept.as<float>()[scales->size() + c] = static_cast<float>(context.input(2).as<float>()[c] / unit);
  }
  context.packed.push_back(kept);
  return static_cast<const float*>(kept.as<float>().data());
}

Result<Built> build_quantized_conv(const BuildContext& context, const QuantizedConvDesc& desc,
                                   kernels::Choice<QuantizedConvImpl> choice) {
  const QuantizedConvImpl& impl = *choice.impl;
  ASSIGN_OR_RETURN(const float* scales, keep_scales(context, desc.conv.out_channels));
  ASSIGN_OR_RETURN(const void* weights, pack(context, impl, desc, context.input(1)));
  const size_t scratch_bytes = impl.scratch_bytes(desc);
  const auto scratch = scratch_bytes > 0 ? std::optional(context.scratch) : std::nullopt;
  Run run = [desc, weights, scales, scratch, run = impl.run, x = *context.in[0], residual = context.slot(3),
             out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
    run(desc,
        {.in = slots[x].data,
         .weights = weights,
         .scale = scales,
         .shift = scales + desc.conv.out_channels,
         .residual = residual ? slots[*residual].data : nullptr,
         .out = slots[out].data,
         .scratch = scratch ? slots[*scratch].data : nullptr},
        pool);
    return {};
  };
  Built built{std::string(impl.name), std::move(run), scratch_bytes};
  built.refusals = std::move(choice.refusals);
  if (impl.packed_bytes(desc) > 0) built.packed_inputs.push_back(1);
  if (context.has(2)) built.packed_inputs.push_back(2);
  return built;
}

std::span<const BuilderRow> quantized_builders() { return kRows; }

}  // namespace ridgeline::native
