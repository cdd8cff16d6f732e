#include <array>

#include "engine/native/operands.h"
#include "kernels/ref/quantize.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

using Kernel = Status (*)(const TensorView& in, const ref::QuantPairs& pairs, const TensorView& out,
                          ThreadPool& pool);

/// `integers` is the tensor that the zero point belongs to.
Result<Built> build(const BuildContext& context, Kernel kernel, const TensorView& integers) {
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
  return Built{"ref", [kernel, run, x = *context.in[0], scale_slot = *context.in[1], zero = context.slot(2),
                       y = context.out[0]](Slots slots, ThreadPool& pool) {
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
  return build(context, ref::quantize, context.output(0));
}

Result<Built> dequantize(const BuildContext& context) {
  RETURN_IF_ERROR(check_fp32(context, context.input(1)));
  return build(context, ref::dequantize, context.input(0));
}

constexpr auto kRows =
    std::to_array<BuilderRow>({{"DequantizeLinear", dequantize}, {"QuantizeLinear", quantize}});

}  // namespace

std::span<const BuilderRow> quantize_builders() { return kRows; }

}  // namespace ridgeline::native
