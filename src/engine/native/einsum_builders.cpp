#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "engine/native/operands.h"
#include "kernels/ref/einsum.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

/// "ij,jk->ik" in its parts; shape inference has held it against the inputs.
struct Equation {
  std::vector<std::string> terms;
  std::string out;
  std::string summed;
};

Equation parse(std::string text) {
  std::erase(text, ' ');
  Equation equation;
  const size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  for (const std::string_view term : split(left, ',')) equation.terms.emplace_back(term);
  std::string letters = left;
  std::erase(letters, ',');
  std::ranges::sort(letters);
  if (arrow != std::string::npos) {
    equation.out = text.substr(arrow + 2);
  } else {
    for (const char letter : letters)
      if (std::ranges::count(letters, letter) == 1) equation.out += letter;
  }
  letters.erase(std::unique(letters.begin(), letters.end()), letters.end());
  for (const char letter : letters)
    if (equation.out.find(letter) == std::string::npos) equation.summed += letter;
  return equation;
}

kernels::Dims strides_along(const std::string& labels, const std::string& term, const Shape& shape) {
  const kernels::Dims own = kernels::strides_of(shape);
  kernels::Dims strides{};
  for (size_t label = 0; label < labels.size(); ++label)
    for (size_t axis = 0; axis < term.size(); ++axis)
      if (term[axis] == labels[label] && shape[axis] != 1) strides[label] += own[axis];
  return strides;
}

Result<Built> einsum(const BuildContext& context) {
  const Equation equation = parse(context.node.string_or("equation", ""));
  if (equation.out.size() > kernels::kMaxRank || equation.summed.size() > kernels::kMaxRank ||
      context.in.size() > ref::kMaxEinsumOperands)
    return unsupported("{}: the equation is too long", context.node.describe());
  ref::EinsumDesc desc;
  std::map<char, int64_t> extents;
  for (size_t i = 0; i < context.in.size(); ++i) {
    const Shape& shape = context.input(i).shape;
    const std::string& term = equation.terms[i];
    for (size_t axis = 0; axis < term.size(); ++axis) {
      int64_t& extent = extents.emplace(term[axis], 1).first->second;
      if (extent != 1 && shape[axis] != 1 && shape[axis] != extent)
        return unsupported("{}: the extents of '{}' differ", context.node.describe(), term[axis]);
      if (shape[axis] != 1) extent = shape[axis];
    }
    desc.operands.push_back(
        {strides_along(equation.out, term, shape), strides_along(equation.summed, term, shape)});
  }
  for (const char letter : equation.out) desc.out_dims.push_back(extents[letter]);
  for (const char letter : equation.summed) desc.summed_dims.push_back(extents[letter]);
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
