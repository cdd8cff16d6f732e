#include "engine/native/operands.h"

namespace ridgeline::native {
namespace {

template <typename T>
Result<std::vector<T>> constant_elements(const BuildContext& context, size_t index) {
  if (!context.has(index)) return std::vector<T>();
  if (!context.is_constant(index))
    return unsupported("{}: native takes its input {} only as a constant", context.node.describe(), index);
  return elements_as<T>(context.input(index));
}

}  // namespace

size_t axis_of(const BuildContext& context, std::string_view attribute, int64_t fallback) {
  return axis_from_start(context.node.int_or(attribute, fallback), context.input(0).shape.rank());
}

size_t axis_from_start(int64_t axis, size_t rank) {
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

Result<std::vector<int64_t>> ints_of(const BuildContext& context, std::string_view attribute, size_t index) {
  if (context.node.has(attribute)) return context.node.ints_or(attribute, {});
  return constant_ints(context, index);
}

Result<std::vector<int64_t>> constant_ints(const BuildContext& context, size_t index) {
  return constant_elements<int64_t>(context, index);
}

Result<std::vector<double>> constant_numbers(const BuildContext& context, size_t index) {
  return constant_elements<double>(context, index);
}

Status check_same_type(const BuildContext& context, size_t first) {
  for (size_t i = first; i < context.in.size(); ++i)
    if (context.has(i) && context.input(i).dtype != context.input(first).dtype)
      return unsupported("{}: inputs of {} and {} elements", context.node.describe(),
                         name_of(context.input(first).dtype), name_of(context.input(i).dtype));
  return {};
}

Status check_table(const BuildContext& context, int64_t entries) {
  constexpr int64_t kMostEntries = int64_t{1} << 24;
  if (entries <= kMostEntries) return {};
  return unsupported("{}: a table of {} entries is too long for native", context.node.describe(), entries);
}

std::optional<size_t> output_slot(const BuildContext& context, size_t index) {
  if (!context.node.has_output(index)) return std::nullopt;
  size_t before = 0;
  for (size_t i = 0; i < index; ++i) before += context.node.has_output(i) ? 1 : 0;
  return context.out[before];
}

}  // namespace ridgeline::native
