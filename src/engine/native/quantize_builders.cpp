#include <array>

#include "engine/native/operands.h"
#include "kernels/quantize.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

/// `integers` is the tensor that the zero point belongs to.
Result<Built> build(const BuildContext& context, std::span<const kernels::QuantizeImpl> impls,
                    const TensorView& integers) {
  const Node& node = context.node;
  const Shape &in = context.input(0).shape, &scale = context.input(1).shape;
  if (node.int_or("block_size", 0) != 0) return unsupported("{}: native takes no blocks", node.describe());
  if (context.has(2) && context.input(2).dtype != integers.dtype)
    return unsupported("{}: the zero point is {}", node.describe(), name_of(context.input(2).dtype));
  if (context.has(2) && context.input(2).shape.element_count() != scale.element_count())
    return unsupported("{}: scale and zero point differ in shape", node.describe());
  int64_t run = 1;
  if (scale.element_count() != 1) {
    const size_t axis = axis_of(context, "axis", 1);
    if (axis >= in.rank() || in[axis] != scale.element_count())
      return unsupported("{}: {} scales do not fit axis {} of {}", node.describe(), scale.element_count(),
                         axis, in.to_string());
    for (size_t i = axis + 1; i < in.rank(); ++i) run *= in[i];
  }
  const kernels::QuantizeImpl& impl = *kernels::select(impls, integers.dtype, context.cpu).impl;
  return Built{std::string(impl.name),
               [kernel = impl.run, run, x = *context.in[0], scale_slot = *context.in[1],
                zero = context.slot(2), y = context.out[0]](Slots slots, ThreadPool& pool) {
                 const ref::QuantPairs pairs{slots[scale_slot], zero ? &slots[*zero] : nullptr, run};
                 return kernel(slots[x], pairs, slots[y], pool);
               }};
}

Status check_fp32(const BuildContext& context, const TensorView& value) {
  if (value.dtype == DType::kF32) return {};
  return unsupported("{}: native takes fp32 here, not {}", context.node.describe(), name_of(value.dtype));
}

Result<Built> quantize(const BuildContext& context) {
  RETURN_IF_ERROR(check_fp32(context, context.input(0)));
  RETURN_IF_ERROR(check_fp32(context, context.input(1)));
  return build(context, kernels::quantize_impls(), context.output(0));
}

Result<Built> dequantize(const BuildContext& context) {
  RETURN_IF_ERROR(check_fp32(context, context.input(1)));
  return build(context, kernels::dequantize_impls(), context.input(0));
}

Result<Built> round_to_steps(const BuildContext& context) {
  const Node& node = context.node;
  const kernels::Rounding to{node.float_or("y_scale", 1), node.float_or("y_low", 0),
                             node.float_or("y_high", 0)};
  const kernels::RoundingImpl& impl = *kernels::select(kernels::rounding_impls(), to, context.cpu).impl;
  return Built{std::string(impl.name),
               [to, run = impl.run, x = *context.in[0], y = context.out[0]](Slots slots, ThreadPool& pool) {
                 return run(slots[x], to, slots[y], pool);
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"DequantizeLinear", dequantize},
                                                  {"QuantizeLinear", quantize},
                                                  {"RoundToSteps", round_to_steps, true, "ridgeline"}});

}  // namespace

std::span<const BuilderRow> quantize_builders() { return kRows; }

}  // namespace ridgeline::native
