#include <array>

#include "engine/native/operands.h"
#include "kernels/ref/gather.h"
#include "kernels/ref/top_k.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

Status check_indices(const BuildContext& context) {
  const DType dtype = context.input(1).dtype;
  if (dtype == DType::kI32 || dtype == DType::kI64) return {};
  return unsupported("{}: indices of {}", context.node.describe(), name_of(dtype));
}

Result<Built> gather(const BuildContext& context) {
  RETURN_IF_ERROR(check_indices(context));
  return Built{"ref", [axis = axis_of(context, "axis", 0), in = *context.in[0], indices = *context.in[1],
                       out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::gather(slots[in], slots[indices], axis, slots[out], pool);
               }};
}

Status check_elements(const BuildContext& context) {
  RETURN_IF_ERROR(check_indices(context));
  const Shape &in = context.input(0).shape, &indices = context.input(1).shape;
  bool fits = in.rank() == indices.rank();
  for (size_t axis = 0; fits && axis < in.rank(); ++axis)
    fits = axis == axis_of(context, "axis", 0) || indices[axis] <= in[axis];
  if (fits) return {};
  return unsupported("{}: indices {} do not fit {}", context.node.describe(), indices.to_string(),
                     in.to_string());
}

Result<Built> gather_elements(const BuildContext& context) {
  RETURN_IF_ERROR(check_elements(context));
  return Built{"ref", [axis = axis_of(context, "axis", 0), in = *context.in[0], indices = *context.in[1],
                       out = context.out[0]](Slots slots, ThreadPool&) {
                 return ref::gather_elements(slots[in], slots[indices], axis, slots[out]);
               }};
}

Result<Built> gather_nd(const BuildContext& context) {
  RETURN_IF_ERROR(check_indices(context));
  return Built{"ref",
               [batch_axes = static_cast<size_t>(context.node.int_or("batch_dims", 0)), in = *context.in[0],
                indices = *context.in[1], out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::gather_nd(slots[in], slots[indices], batch_axes, slots[out], pool);
               }};
}

Result<ref::Scatter> scatter_rule(const Node& node) {
  const std::string word = node.string_or("reduction", "none");
  if (word == "none") return ref::Scatter::kReplace;
  if (word == "add") return ref::Scatter::kAdd;
  if (word == "mul") return ref::Scatter::kMultiply;
  if (word == "max") return ref::Scatter::kMax;
  if (word == "min") return ref::Scatter::kMin;
  return unsupported("{}: there is no reduction '{}'", node.describe(), word);
}

Result<Built> scatter_elements(const BuildContext& context) {
  RETURN_IF_ERROR(check_elements(context));
  ASSIGN_OR_RETURN(const ref::Scatter rule, scatter_rule(context.node));
  if (context.input(2).shape != context.input(1).shape)
    return unsupported("{}: updates and indices differ in shape", context.node.describe());
  return Built{"ref",
               [rule, axis = axis_of(context, "axis", 0), in = *context.in[0], indices = *context.in[1],
                updates = *context.in[2], out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::scatter_elements(slots[in], {slots[indices], slots[updates], rule}, axis,
                                              slots[out], pool);
               }};
}

Result<Built> scatter_nd(const BuildContext& context) {
  RETURN_IF_ERROR(check_indices(context));
  ASSIGN_OR_RETURN(const ref::Scatter rule, scatter_rule(context.node));
  const Shape &in = context.input(0).shape, &indices = context.input(1).shape;
  Shape expected;
  if (indices.rank() > 0 && indices[indices.rank() - 1] <= static_cast<int64_t>(in.rank())) {
    expected.dims().assign(indices.begin(), indices.end() - 1);
    expected.dims().insert(expected.dims().end(), in.begin() + indices[indices.rank() - 1], in.end());
  }
  if (context.input(2).shape != expected)
    return unsupported("{}: updates {} do not fit indices {}", context.node.describe(),
                       context.input(2).shape.to_string(), indices.to_string());
  return Built{"ref", [rule, in = *context.in[0], indices = *context.in[1], updates = *context.in[2],
                       out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::scatter_nd(slots[in], {slots[indices], slots[updates], rule}, slots[out], pool);
               }};
}

Result<Built> top_k(const BuildContext& context) {
  if (context.out.size() != 2) return unsupported("{}: an output is left out", context.node.describe());
  return Built{"ref", [largest = context.node.int_or("largest", 1) != 0, axis = axis_of(context, "axis", -1),
                       in = *context.in[0], out = context.out[0],
                       indices = context.out[1]](Slots slots, ThreadPool& pool) {
                 return ref::top_k(largest, slots[in], axis, {slots[out], slots[indices]}, pool);
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"Gather", gather},
                                                  {"GatherElements", gather_elements},
                                                  {"GatherND", gather_nd},
                                                  {"Scatter", scatter_elements},
                                                  {"ScatterElements", scatter_elements},
                                                  {"ScatterND", scatter_nd},
                                                  {"TopK", top_k}});

}  // namespace

std::span<const BuilderRow> gather_builders() { return kRows; }

}  // namespace ridgeline::native
