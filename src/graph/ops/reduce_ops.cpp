#include <algorithm>
#include <array>
#include <functional>

#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

/// Axes come as attribute (opset 17) or second input (ReduceSum, and all of them later).
struct Axes {
  bool known = true;
  std::vector<int64_t> values;
};
Axes axes_of(const InferContext& context) {
  if (!context.has_input(1)) return {true, context.node().ints_or("axes", {})};
  const auto given = context.ints(1);
  return {given.has_value(), given.value_or(std::vector<int64_t>{})};
}

Status reduce(InferContext& context) {
  const auto x = context.shape(0);
  const Axes axes = axes_of(context);
  context.set_output(0, context.dtype(0), std::nullopt);
  const bool keep = context.node().int_or("keepdims", 1) != 0;
  if (!x) return {};
  if (!axes.known) {
    if (keep)
      context.set_output(0, context.dtype(0), Shape(std::vector<int64_t>(x->rank(), Shape::kUnknownDim)));
    return {};
  }
  const bool nothing = axes.values.empty() && context.node().int_or("noop_with_empty_axes", 0) != 0;
  std::vector<bool> reduced(x->rank(), axes.values.empty() && !nothing);
  for (const int64_t axis : axes.values) {
    ASSIGN_OR_RETURN(const size_t at, context.axis_of(axis, x->rank()));
    reduced[at] = true;
  }
  Shape out;
  for (size_t i = 0; i < x->rank(); ++i) {
    if (!reduced[i])
      out.dims().push_back((*x)[i]);
    else if (keep)
      out.dims().push_back(1);
  }
  context.set_output(0, context.dtype(0), out);
  return {};
}

template <typename Function>
Status reduce_values(InferContext& context) {
  RETURN_IF_ERROR(reduce(context));
  const PartialValue* values = context.value(0);
  const auto x = context.shape(0);
  if (values == nullptr || values->empty() || !x || x->rank() != 1) return {};
  std::optional<double> total = values->front();
  for (size_t i = 1; i < values->size(); ++i)
    total = total && (*values)[i] ? std::optional<double>(Function{}(*total, *(*values)[i])) : std::nullopt;
  context.set_value(0, {total});
  return {};
}
struct Smaller {
  double operator()(double a, double b) const { return std::min(a, b); }
};
struct Larger {
  double operator()(double a, double b) const { return std::max(a, b); }
};

Status arg_extreme(InferContext& context) {
  auto x = context.shape(0);
  if (x) {
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", 0), x->rank()));
    if (context.node().int_or("keepdims", 1) != 0)
      (*x)[axis] = 1;
    else
      x->dims().erase(x->dims().begin() + static_cast<std::ptrdiff_t>(axis));
  }
  context.set_output(0, DType::kI64, x);
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"ArgMax", 1, 1, arg_extreme},
    {"ArgMin", 1, 1, arg_extreme},
    {"CumSum", 2, 2, same_as_input},
    {"ReduceL1", 1, 2, reduce},
    {"ReduceL2", 1, 2, reduce},
    {"ReduceLogSum", 1, 2, reduce},
    {"ReduceLogSumExp", 1, 2, reduce},
    {"ReduceMax", 1, 2, reduce_values<Larger>},
    {"ReduceMean", 1, 2, reduce},
    {"ReduceMin", 1, 2, reduce_values<Smaller>},
    {"ReduceProd", 1, 2, reduce_values<std::multiplies<>>},
    {"ReduceSum", 1, 2, reduce_values<std::plus<>>},
    {"ReduceSumSquare", 1, 2, reduce},
});

}  // namespace

std::span<const OpRow> reduce_ops() { return kRows; }

}  // namespace ridgeline::ops
