#include <array>

#include "engine/native/operands.h"
#include "graph/ops/equation.h"
#include "kernels/ref/einsum.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

kernels::Dims strides_along(const std::string& labels, const std::string& term, const Shape& shape) {
  const kernels::Dims own = kernels::strides_of(shape);
  kernels::Dims strides{};
  for (size_t label = 0; label < labels.size(); ++label)
    for (size_t axis = 0; axis < term.size(); ++axis)
      if (term[axis] == labels[label] && shape[axis] != 1) strides[label] += own[axis];
  return strides;
}

Result<Built> einsum(const BuildContext& context) {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < context.in.size(); ++i) shapes.push_back(context.input(i).shape);
  ASSIGN_OR_RETURN(const ops::Equation equation,
                   ops::Equation::parse(context.node.string_or("equation", ""), shapes));
  if (equation.out.size() > kernels::kMaxRank || equation.summed.size() > kernels::kMaxRank ||
      shapes.size() > ref::kMaxEinsumOperands)
    return unsupported("{}: the equation is too long", context.node.describe());
  ref::EinsumDesc desc;
  for (size_t i = 0; i < shapes.size(); ++i)
    desc.operands.push_back({strides_along(equation.out, equation.terms[i], shapes[i]),
                             strides_along(equation.summed, equation.terms[i], shapes[i])});
  for (const char label : equation.out) desc.out_dims.push_back(equation.extents.at(label));
  for (const char label : equation.summed) desc.summed_dims.push_back(equation.extents.at(label));
  std::vector<size_t> in;
  for (const auto& slot : context.in) in.push_back(*slot);
  return Built{"ref", [desc, in, out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 std::array<const float*, ref::kMaxEinsumOperands> operands{};
                 for (size_t i = 0; i < in.size(); ++i) operands[i] = slots[in[i]].as<float>().data();
                 ref::einsum(desc, operands, slots[out].as<float>().data(), pool);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"Einsum", einsum, true}});

}  // namespace

std::span<const BuilderRow> einsum_builders() { return kRows; }

}  // namespace ridgeline::native
