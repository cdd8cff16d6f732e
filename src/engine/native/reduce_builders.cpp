#include <array>

#include "engine/native/operands.h"
#include "kernels/ref/reduce.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

/// Axes from the attribute or input 1. Without any, all are reduced, or none by noop_with_empty_axes.
Result<ref::AxisSet> reduced_axes(const BuildContext& context) {
  const size_t rank = context.input(0).shape.rank();
  ASSIGN_OR_RETURN(const std::vector<int64_t> axes, ints_of(context, "axes", 1));
  ref::AxisSet set;
  for (const int64_t axis : axes) set.set(axis_from_start(axis, rank));
  if (axes.empty() && context.node.int_or("noop_with_empty_axes", 0) == 0)
    for (size_t axis = 0; axis < rank; ++axis) set.set(axis);
  return set;
}

Result<Built> reduce(const BuildContext& context) {
  ASSIGN_OR_RETURN(const ref::AxisSet axes, reduced_axes(context));
  return Built{"ref", [op = *ref::reduce_op_from_name(context.node.op), axes, in = *context.in[0],
                       out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::reduce(op, slots[in], axes, slots[out], pool);
               }};
}

template <bool largest>
Result<Built> arg_extreme(const BuildContext& context) {
  const auto tie = context.node.int_or("select_last_index", 0) != 0 ? ref::Tie::kLast : ref::Tie::kFirst;
  return Built{"ref", [tie, axis = axis_of(context, "axis", 0), in = *context.in[0], out = context.out[0]](
                          Slots slots, ThreadPool& pool) {
                 return ref::arg_extreme({largest, tie}, slots[in], axis, slots[out], pool);
               }};
}

Result<Built> cum_sum(const BuildContext& context) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> axis, constant_ints(context, 1));
  const size_t rank = context.input(0).shape.rank();
  if (axis.size() != 1 || axis_from_start(axis[0], rank) >= rank)
    return unsupported("{}: input 1 is no axis of input 0", context.node.describe());
  const ref::CumSumRule rule{.exclusive = context.node.int_or("exclusive", 0) != 0,
                             .reverse = context.node.int_or("reverse", 0) != 0};
  return Built{"ref", [rule, axis = axis_from_start(axis[0], rank), in = *context.in[0],
                       out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::cum_sum(rule, slots[in], axis, slots[out], pool);
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"ArgMax", arg_extreme<true>},
                                                  {"ArgMin", arg_extreme<false>},
                                                  {"CumSum", cum_sum},
                                                  {"ReduceL1", reduce},
                                                  {"ReduceL2", reduce},
                                                  {"ReduceLogSum", reduce},
                                                  {"ReduceLogSumExp", reduce},
                                                  {"ReduceMax", reduce},
                                                  {"ReduceMean", reduce},
                                                  {"ReduceMin", reduce},
                                                  {"ReduceProd", reduce},
                                                  {"ReduceSum", reduce},
                                                  {"ReduceSumSquare", reduce}});

}  // namespace

std::span<const BuilderRow> reduce_builders() { return kRows; }

}  // namespace ridgeline::native
