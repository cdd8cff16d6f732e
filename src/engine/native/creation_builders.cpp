#include <array>

#include "engine/native/operands.h"
#include "kernels/ref/binary.h"
#include "kernels/ref/move.h"
#include "tensor/half.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

Result<Built> constant_of_shape(const BuildContext& context) {
  const Tensor* value = context.node.tensor("value");
  ASSIGN_OR_RETURN(const Tensor zero, Tensor::zeros(DType::kF32, {}));
  ASSIGN_OR_RETURN(const Tensor element, value == nullptr ? Result<Tensor>(zero) : value->reshaped({}));
  return Built{"ref", [element, out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::expand(element.view(), slots[out], pool);
                 return {};
               }};
}

/// Shape inference needs constants to know the length, and so can this.
Result<Built> range(const BuildContext& context) {
  ASSIGN_OR_RETURN(const std::vector<double> start, constant_numbers(context, 0));
  ASSIGN_OR_RETURN(const std::vector<double> delta, constant_numbers(context, 2));
  const TensorView& out = context.output(0);
  ASSIGN_OR_RETURN(Tensor wide, Tensor::zeros(DType::kF64, out.shape));
  for (size_t i = 0; i < wide.as<double>().size(); ++i)
    wide.as<double>()[i] = start[0] + static_cast<double>(i) * delta[0];
  ASSIGN_OR_RETURN(const Tensor values, convert(wide, out.dtype));
  return Built{"copy", [values, slot = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::copy(values.view(), slots[slot], pool);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"ConstantOfShape", constant_of_shape}, {"Range", range}});

}  // namespace

std::span<const BuilderRow> creation_builders() { return kRows; }

}  // namespace ridgeline::native
