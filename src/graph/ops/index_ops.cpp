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

/// Which elements of one axis a Slice keeps.
struct Cut {
  int64_t from = 0;
  int64_t step = 1;
  int64_t count = Shape::kUnknownDim;
};

/// By numpy's rules.
Cut cut_of(int64_t dim, int64_t start, int64_t end, int64_t step) {
  const auto wrapped = [&](int64_t at) { return at < 0 ? at + dim : at; };
  if (step > 0) {
    const int64_t from = std::clamp<int64_t>(wrapped(start), 0, dim);
    const int64_t to = std::clamp<int64_t>(wrapped(end), 0, dim);
    return {from, step, std::max<int64_t>(0, (to - from + step - 1) / step)};
  }
  const int64_t from = std::clamp<int64_t>(wrapped(start), -1, dim - 1);
  const int64_t to = end <= -dim - 1 ? -1 : std::clamp<int64_t>(wrapped(end), -1, dim - 1);
  return {from, step, std::max<int64_t>(0, (from - to - step - 1) / -step)};
}

/// One cut per axis of `x`; the count is unknown where it depends on what is not known.
Result<std::vector<Cut>> cuts_of(const InferContext& context, const Shape& x) {
  std::vector<Cut> cuts;
  for (const int64_t dim : x) cuts.push_back({.count = dim});
  const auto starts = context.ints(1), ends = context.ints(2);
  const auto axes = context.has_input(3) ? context.ints(3) : std::nullopt;
  const auto steps = context.has_input(4) ? context.ints(4) : std::nullopt;
  const auto counted = context.shape(1);
  const size_t count = axes     ? axes->size()
                       : starts ? starts->size()
                       : counted && counted->rank() == 1 && (*counted)[0] >= 0
                           ? static_cast<size_t>((*counted)[0])
                           : x.rank();
  if ((starts && starts->size() != count) || (ends && ends->size() != count) ||
      (steps && steps->size() != count))
    return context.error("starts, ends, axes and steps differ in length");
  constexpr int64_t kFar = int64_t{1} << 40;
  const auto near = [kFar](int64_t at) { return std::clamp(at, -kFar, kFar); };
  for (size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const size_t axis,
                     context.axis_of(axes ? (*axes)[i] : static_cast<int64_t>(i), x.rank()));
    if (steps && (*steps)[i] == 0) return context.error("step 0");
    const bool known = starts && ends && x[axis] >= 0 && (steps || !context.has_input(4));
    cuts[axis] =
        known ? cut_of(x[axis], near((*starts)[i]), near((*ends)[i]), steps ? near((*steps)[i]) : 1) : Cut{};
  }
  return cuts;
}

Status slice(InferContext& context) {
  const auto x = context.shape(0);
  if (!x) return same_as_input(context);
  if ((context.has_input(3) && !context.ints(3)) || !context.has_input(2)) {
    context.set_output(0, context.dtype(0), Shape(std::vector<int64_t>(x->rank(), Shape::kUnknownDim)));
    return {};
  }
  ASSIGN_OR_RETURN(const std::vector<Cut> cuts, cuts_of(context, *x));
  Shape out;
  for (const Cut& cut : cuts) out.dims().push_back(cut.count);
  context.set_output(0, context.dtype(0), out);
  const PartialValue* values = context.value(0);
  if (values == nullptr || !x->is_static() || x->element_count() != static_cast<int64_t>(values->size()))
    return {};
  std::vector<int64_t> strides = row_major_strides(*x);
  int64_t first = 0;
  for (size_t axis = 0; axis < cuts.size(); ++axis) {
    first += cuts[axis].from * strides[axis];
    strides[axis] *= cuts[axis].step;
  }
  pick_values(context, first, strides);
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
  context.set_output(
      0, DType::kI64,
      Shape{x ? static_cast<int64_t>(x->rank()) : Shape::kUnknownDim, context.data_size(count_of(x))});
  return {};
}

Status compress(InferContext& context) {
  auto x = context.shape(0);
  if (x && context.node().has("axis")) {
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", 0), x->rank()));
    (*x)[axis] = context.data_size((*x)[axis]);
  } else {
    x = Shape{context.data_size(count_of(x))};
  }
  context.set_output(0, context.dtype(0), x);
  return {};
}

Status unique(InferContext& context) {
  const auto x = context.shape(0);
  int64_t all = count_of(x);
  std::optional<Shape> out = Shape{context.data_size(all)};
  if (context.node().has("axis")) {
    out = x;
    if (out) {
      ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", 0), out->rank()));
      all = (*out)[axis];
      (*out)[axis] = context.data_size(all);
    }
  }
  context.set_output(0, context.dtype(0), out);
  context.set_output(1, DType::kI64, Shape{context.data_size(all)});
  context.set_output(2, DType::kI64, Shape{all});
  context.set_output(3, DType::kI64, Shape{context.data_size(all)});
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
