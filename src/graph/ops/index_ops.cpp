#include <algorithm>
#include <array>

#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

Status gather(InferContext& context) {
  const auto x = context.shape(0), at = context.shape(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  if (!x || !at) return {};
  ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", 0), x->rank()));
  Shape out;
  out.dims().assign(x->begin(), x->begin() + static_cast<std::ptrdiff_t>(axis));
  out.dims().insert(out.dims().end(), at->begin(), at->end());
  out.dims().insert(out.dims().end(), x->begin() + static_cast<std::ptrdiff_t>(axis) + 1, x->end());
  context.set_output(0, context.dtype(0), out);
  const PartialValue* values = context.value(0);
  const auto chosen = context.ints(1);
  if (values == nullptr || !chosen || x->rank() != 1) return {};
  PartialValue picked;
  const auto count = static_cast<int64_t>(values->size());
  for (const int64_t index : *chosen) {
    if (index < -count || index >= count)
      return context.error("index {} is outside {} elements", index, count);
    picked.push_back((*values)[static_cast<size_t>(index < 0 ? index + count : index)]);
  }
  context.set_value(0, std::move(picked));
  return {};
}

Status gather_elements(InferContext& context) {
  context.set_output(0, context.dtype(0), context.shape(1));
  return {};
}

Status gather_nd(InferContext& context) {
  const auto x = context.shape(0), at = context.shape(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  if (!x || !at) return {};
  const int64_t batch = context.node().int_or("batch_dims", 0);
  if (at->rank() == 0 || batch < 0 || batch >= static_cast<int64_t>(at->rank()))
    return context.error("indices need rank 1 or more");
  const int64_t depth = (*at)[at->rank() - 1];
  if (depth < 0) return {};
  if (depth > static_cast<int64_t>(x->rank()) - batch)
    return context.error("indices of {} are too deep for {}", at->to_string(), x->to_string());
  Shape out;
  out.dims().assign(at->begin(), at->end() - 1);
  out.dims().insert(out.dims().end(), x->begin() + batch + depth, x->end());
  context.set_output(0, context.dtype(0), out);
  return {};
}

/// One axis of a Slice: how many elements are left, by numpy's rules.
int64_t sliced_count(int64_t dim, int64_t start, int64_t end, int64_t step) {
  const auto wrapped = [&](int64_t at) { return at < 0 ? at + dim : at; };
  if (step > 0) {
    const int64_t from = std::clamp<int64_t>(wrapped(start), 0, dim);
    const int64_t to = std::clamp<int64_t>(wrapped(end), 0, dim);
    return std::max<int64_t>(0, (to - from + step - 1) / step);
  }
  const int64_t from = std::clamp<int64_t>(wrapped(start), -1, dim - 1);
  const int64_t to = end <= -dim - 1 ? -1 : std::clamp<int64_t>(wrapped(end), -1, dim - 1);
  return std::max<int64_t>(0, (from - to - step - 1) / -step);
}

Status slice(InferContext& context) {
  auto x = context.shape(0);
  if (!x) return same_as_input(context);
  const auto starts = context.ints(1), ends = context.ints(2);
  const auto axes = context.has_input(3) ? context.ints(3) : std::nullopt;
  const auto steps = context.has_input(4) ? context.ints(4) : std::nullopt;
  if ((context.has_input(3) && !axes) || !context.has_input(2)) {
    context.set_output(0, context.dtype(0), Shape(std::vector<int64_t>(x->rank(), Shape::kUnknownDim)));
    return {};
  }
  const auto counted = context.shape(1);
  const size_t count = axes     ? axes->size()
                       : starts ? starts->size()
                       : counted && counted->rank() == 1 && (*counted)[0] >= 0
                           ? static_cast<size_t>((*counted)[0])
                           : x->rank();
  if ((starts && starts->size() != count) || (ends && ends->size() != count) ||
      (steps && steps->size() != count))
    return context.error("starts, ends, axes and steps differ in length");
  constexpr int64_t kFar = int64_t{1} << 40;
  for (size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const size_t axis,
                     context.axis_of(axes ? (*axes)[i] : static_cast<int64_t>(i), x->rank()));
    int64_t& dim = (*x)[axis];
    if (steps && (*steps)[i] == 0) return context.error("step 0");
    if (!starts || !ends || dim < 0 || (context.has_input(4) && !steps)) {
      dim = Shape::kUnknownDim;
      continue;
    }
    const auto near = [&](int64_t at) { return std::clamp(at, -kFar, kFar); };
    dim = sliced_count(dim, near((*starts)[i]), near((*ends)[i]), steps ? near((*steps)[i]) : 1);
  }
  const auto original = context.shape(0);
  context.set_output(0, context.dtype(0), x);
  const PartialValue* values = context.value(0);
  if (values == nullptr || x->rank() != 1 || !starts || !ends || count != 1 || (*x)[0] < 0) return {};
  const int64_t step = steps ? (*steps)[0] : 1;
  const int64_t dim = (*original)[0];
  int64_t from = (*starts)[0] < 0 ? (*starts)[0] + dim : (*starts)[0];
  from = std::clamp<int64_t>(from, 0, step > 0 ? dim : dim - 1);
  PartialValue picked;
  for (int64_t i = 0; i < (*x)[0]; ++i) {
    const int64_t index = from + i * step;
    if (index < 0 || index >= static_cast<int64_t>(values->size())) return {};
    picked.push_back((*values)[static_cast<size_t>(index)]);
  }
  context.set_value(0, std::move(picked));
  return {};
}

Status top_k(InferContext& context) {
  auto x = context.shape(0);
  const auto k = context.ints(1);
  if (x) {
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", -1), x->rank()));
    if (k && (k->size() != 1 || (*k)[0] < 0 || ((*x)[axis] >= 0 && (*k)[0] > (*x)[axis])))
      return context.error("K does not fit axis {} of {}", axis, x->to_string());
    (*x)[axis] = k ? (*k)[0] : Shape::kUnknownDim;
  }
  context.set_output(0, context.dtype(0), x);
  context.set_output(1, DType::kI64, x);
  return {};
}

Status one_hot(InferContext& context) {
  auto out = context.shape(0);
  const auto depth = context.ints(1);
  if (out) {
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", -1), out->rank() + 1));
    out->dims().insert(out->dims().begin() + static_cast<std::ptrdiff_t>(axis),
                       depth && depth->size() == 1 ? (*depth)[0] : Shape::kUnknownDim);
  }
  context.set_output(0, context.dtype(2), out);
  return {};
}

Status non_zero(InferContext& context) {
  const auto x = context.shape(0);
  context.set_output(0, DType::kI64,
                     Shape{x ? static_cast<int64_t>(x->rank()) : Shape::kUnknownDim, Shape::kUnknownDim});
  return {};
}

Status compress(InferContext& context) {
  auto x = context.shape(0);
  if (x && context.node().has("axis")) {
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", 0), x->rank()));
    (*x)[axis] = Shape::kUnknownDim;
  } else {
    x = Shape{Shape::kUnknownDim};
  }
  context.set_output(0, context.dtype(0), x);
  return {};
}

Status unique(InferContext& context) {
  const auto x = context.shape(0);
  std::optional<Shape> out = Shape{Shape::kUnknownDim};
  if (context.node().has("axis")) {
    out = x;
    if (out) {
      ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", 0), out->rank()));
      (*out)[axis] = Shape::kUnknownDim;
    }
  }
  context.set_output(0, context.dtype(0), out);
  for (size_t i = 1; i < 4; ++i) context.set_output(i, DType::kI64, Shape{Shape::kUnknownDim});
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"Compress", 2, 2, compress},
    {"Gather", 2, 2, gather},
    {"GatherElements", 2, 2, gather_elements},
    {"GatherND", 2, 2, gather_nd},
    {"NonZero", 1, 1, non_zero},
    {"OneHot", 3, 3, one_hot},
    {"ReverseSequence", 2, 2, same_as_input},
    {"Scatter", 3, 3, same_as_input},
    {"ScatterElements", 3, 3, same_as_input},
    {"ScatterND", 3, 3, same_as_input},
    {"Slice", 1, 5, slice},
    {"TopK", 2, 2, top_k},
    {"Trilu", 1, 2, same_as_input},
    {"Unique", 1, 1, unique},
});

}  // namespace

std::span<const OpRow> index_ops() { return kRows; }

}  // namespace ridgeline::ops
