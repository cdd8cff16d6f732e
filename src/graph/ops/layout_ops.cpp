#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

/// Elements pass unchanged through ops that only move the frame around them.
void keep_value(InferContext& context) {
  if (const PartialValue* value = context.value(0)) context.set_value(0, *value);
}

int64_t known_product(std::span<const int64_t> dims) {
  int64_t product = 1;
  for (const int64_t dim : dims) product = multiply_dims(product, dim).value_or(Shape::kUnknownDim);
  return product;
}

/// Fills the -1 of a Reshape's target from the input's element count, where that is known.
Status resolve_minus_one(const InferContext& context, const std::optional<Shape>& x, Shape& out) {
  const auto hole = std::find(out.dims().begin(), out.dims().end(), -1);
  if (!x || !x->is_static()) return {};
  const int64_t total = x->element_count();
  if (hole == out.dims().end()) {
    if (out.is_static() && known_product(out.dims()) != total)
      return context.error("{} cannot be reshaped to {}", x->to_string(), out.to_string());
    return {};
  }
  *hole = 1;
  const int64_t rest = known_product(out.dims());
  *hole = Shape::kUnknownDim;
  if (rest < 0) return {};
  if (rest == 0 || total % rest != 0)
    return context.error("{} cannot be reshaped to {}", x->to_string(), out.to_string());
  *hole = total / rest;
  return {};
}

Status reshape(InferContext& context) {
  const auto x = context.shape(0);
  const PartialValue* target = context.value(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  keep_value(context);
  if (target == nullptr) {
    const auto target_shape = context.shape(1);
    if (target_shape && target_shape->rank() == 1 && (*target_shape)[0] >= 0 && (*target_shape)[0] < 64)
      context.set_output(0, context.dtype(0),
                         Shape(std::vector<int64_t>(static_cast<size_t>((*target_shape)[0]), -1)));
    return {};
  }
  const bool copies_zero = context.node().int_or("allowzero", 0) == 0;
  Shape out;
  size_t unknown = 0;
  for (size_t i = 0; i < target->size(); ++i) {
    const auto& dim = (*target)[i];
    if (dim && *dim == 0 && copies_zero)
      out.dims().push_back(x && i < x->rank() ? (*x)[i] : Shape::kUnknownDim);
    else
      out.dims().push_back(dim ? static_cast<int64_t>(*dim) : Shape::kUnknownDim);
    if (!dim || *dim == -1) ++unknown;
    if (dim && *dim < -1) return context.error("target dimension {} is negative", *dim);
  }
  if (unknown <= 1) RETURN_IF_ERROR(resolve_minus_one(context, x, out));
  context.set_output(0, context.dtype(0), out);
  return {};
}

Status flatten(InferContext& context) {
  const auto x = context.shape(0);
  context.set_output(0, context.dtype(0), Shape{Shape::kUnknownDim, Shape::kUnknownDim});
  keep_value(context);
  if (!x) return {};
  const int64_t rank = static_cast<int64_t>(x->rank());
  int64_t axis = context.node().int_or("axis", 1);
  if (axis < -rank || axis > rank) return context.error("axis {} is outside a tensor of rank {}", axis, rank);
  if (axis < 0) axis += rank;
  const std::span<const int64_t> dims(x->dims());
  context.set_output(0, context.dtype(0),
                     Shape{known_product(dims.first(static_cast<size_t>(axis))),
                           known_product(dims.subspan(static_cast<size_t>(axis)))});
  return {};
}

/// An image of the pixels' channels (graph/passes/read_pixels.cpp).
Status read_pixels(InferContext& context) {
  const Node& node = context.node();
  const Tensor* const table = node.tensor("table");
  const DType dtype = table == nullptr ? DType::kF32 : table->dtype();
  const auto x = context.shape(0);
  context.set_output(0, dtype, std::nullopt);
  if (!x) return {};
  if (x->rank() != 4) return context.error("{} is no batch of images", x->to_string());
  const size_t rows = node.string_or("layout", "") == "NHWC" ? 1 : 2;
  context.set_output(
      0, dtype,
      Shape{(*x)[0], static_cast<int64_t>(node.ints_or("channels", {}).size()), (*x)[rows], (*x)[rows + 1]});
  return {};
}

Status transpose(InferContext& context) {
  const auto x = context.shape(0);
  if (!x) return same_as_input(context);
  std::vector<int64_t> reversed(x->rank());
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  const std::vector<int64_t> order = context.node().ints_or("perm", reversed);
  if (!std::is_permutation(order.begin(), order.end(), reversed.begin(), reversed.end()))
    return context.error("attribute 'perm' is not a permutation of {} axes", x->rank());
  Shape out;
  for (const int64_t axis : order) out.dims().push_back((*x)[static_cast<size_t>(axis)]);
  context.set_output(0, context.dtype(0), out);
  if (!x->is_static()) return {};
  const std::vector<int64_t> strides = row_major_strides(*x);
  std::vector<int64_t> moved;
  for (const int64_t axis : order) moved.push_back(strides[static_cast<size_t>(axis)]);
  pick_values(context, 0, moved);
  return {};
}

Status concat(InferContext& context) {
  auto out = context.shape(0);
  PartialValue joined;
  bool known = true;
  for (size_t i = 0; i < context.input_count(); ++i) {
    const auto shape = context.shape(i);
    if (!shape || !out) {
      context.set_output(0, context.dtype(0), std::nullopt);
      return {};
    }
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", 0), out->rank()));
    if (shape->rank() != out->rank())
      return context.error("inputs have ranks {} and {}", out->rank(), shape->rank());
    if ((*out)[axis] > (int64_t{1} << 48)) return context.error("the output is too large");
    for (size_t d = 0; d < out->rank() && i > 0; ++d) {
      int64_t& dim = (*out)[d];
      if (d == axis)
        dim = dim < 0 || (*shape)[d] < 0 ? Shape::kUnknownDim : dim + (*shape)[d];
      else if (dim < 0)
        dim = (*shape)[d];
      else if ((*shape)[d] >= 0 && (*shape)[d] != dim)
        return context.error("inputs {} and {} differ outside the axis", out->to_string(),
                             shape->to_string());
    }
    const PartialValue* value = context.value(i);
    if (value != nullptr && shape->rank() == 1)
      joined.insert(joined.end(), value->begin(), value->end());
    else if (shape->rank() == 1 && (*shape)[0] >= 0 && (*shape)[0] < 64)
      joined.resize(joined.size() + static_cast<size_t>((*shape)[0]));
    else
      known = false;
  }
  context.set_output(0, context.dtype(0), out);
  if (known && out && out->rank() == 1) context.set_value(0, std::move(joined));
  return {};
}

Status split(InferContext& context) {
  const auto x = context.shape(0);
  const size_t count = context.node().outputs.size();
  for (size_t i = 0; i < count; ++i) context.set_output(i, context.dtype(0), std::nullopt);
  if (!x) return {};
  ASSIGN_OR_RETURN(const size_t axis, context.axis_of(context.node().int_or("axis", 0), x->rank()));
  const auto sizes = context.ints(1);
  if (sizes && sizes->size() != count)
    return context.error("has {} sizes for {} outputs", sizes->size(), count);
  const int64_t total = (*x)[axis];
  const auto parts = static_cast<int64_t>(count);
  const int64_t even = total < 0 ? Shape::kUnknownDim : (total + parts - 1) / parts;
  int64_t rest = total;
  for (const int64_t size : sizes.value_or(std::vector<int64_t>{})) {
    if (size < 0 || (total >= 0 && size > rest)) return context.error("the sizes do not add up to {}", total);
    if (total >= 0) rest -= size;
  }
  if (sizes && total >= 0 && rest != 0) return context.error("the sizes do not add up to {}", total);
  const PartialValue* value = context.value(0);
  int64_t from = 0;
  for (size_t i = 0; i < count; ++i) {
    Shape part = *x;
    if (sizes)
      part[axis] = (*sizes)[i];
    else if (context.has_input(1))
      part[axis] = Shape::kUnknownDim;
    else
      part[axis] =
          even < 0 ? even : std::max<int64_t>(0, std::min(even, total - static_cast<int64_t>(i) * even));
    context.set_output(i, context.dtype(0), part);
    if (value != nullptr && x->rank() == 1 && part[0] >= 0 &&
        from + part[0] <= static_cast<int64_t>(value->size())) {
      context.set_value(i, PartialValue(value->begin() + from, value->begin() + from + part[0]));
      from += part[0];
    }
  }
  return {};
}

Status squeeze(InferContext& context) {
  const auto x = context.shape(0);
  context.set_output(0, context.dtype(0), std::nullopt);
  keep_value(context);
  if (!x || (context.has_input(1) && !context.ints(1))) return {};
  std::vector<bool> dropped(x->rank(), false);
  for (const int64_t axis : context.ints(1).value_or(std::vector<int64_t>{})) {
    ASSIGN_OR_RETURN(const size_t at, context.axis_of(axis, x->rank()));
    if ((*x)[at] > 1) return context.error("axis {} of {} is not 1", axis, x->to_string());
    dropped[at] = true;
  }
  if (!context.has_input(1)) {
    if (!x->is_static()) return {};
    for (size_t i = 0; i < x->rank(); ++i) dropped[i] = (*x)[i] == 1;
  }
  Shape out;
  for (size_t i = 0; i < x->rank(); ++i)
    if (!dropped[i]) out.dims().push_back((*x)[i]);
  context.set_output(0, context.dtype(0), out);
  return {};
}

Status unsqueeze(InferContext& context) {
  const auto x = context.shape(0);
  const auto axes = context.ints(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  keep_value(context);
  if (!x || !axes) return {};
  const size_t rank = x->rank() + axes->size();
  std::vector<bool> fresh(rank, false);
  for (const int64_t axis : *axes) {
    ASSIGN_OR_RETURN(const size_t at, context.axis_of(axis, rank));
    if (fresh[at]) return context.error("axis {} is named twice", axis);
    fresh[at] = true;
  }
  Shape out;
  size_t next = 0;
  for (size_t i = 0; i < rank; ++i) out.dims().push_back(fresh[i] ? 1 : (*x)[next++]);
  context.set_output(0, context.dtype(0), out);
  return {};
}

Status expand(InferContext& context) {
  const auto x = context.shape(0);
  const PartialValue* target = context.value(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  if (!x || target == nullptr) return {};
  Shape wanted;
  for (const auto& dim : *target)
    wanted.dims().push_back(dim ? static_cast<int64_t>(*dim) : Shape::kUnknownDim);
  const auto out = broadcast(*x, wanted);
  if (!out) return context.error("{} cannot be expanded to {}", x->to_string(), wanted.to_string());
  context.set_output(0, context.dtype(0), out);
  const PartialValue* value = context.value(0);
  if (value != nullptr && value->size() == 1 && out->rank() <= 1 && out->is_static() &&
      known_product(out->dims()) >= 0 && known_product(out->dims()) <= 64)
    context.set_value(0, PartialValue(static_cast<size_t>(out->element_count()), value->front()));
  return {};
}

Status tile(InferContext& context) {
  auto x = context.shape(0);
  const auto repeats = context.ints(1);
  if (x && repeats && repeats->size() != x->rank()) return context.error("needs {} repeats", x->rank());
  for (size_t i = 0; x && i < x->rank(); ++i) {
    const auto product =
        repeats ? multiply_dims((*x)[i], std::max<int64_t>((*repeats)[i], 0)) : Shape::kUnknownDim;
    if (!product) return context.error("the output is too large");
    (*x)[i] = *product;
  }
  context.set_output(0, context.dtype(0), x);
  return {};
}

Status pad(InferContext& context) {
  auto x = context.shape(0);
  const auto pads = context.ints(1);
  if (!x) return same_as_input(context);
  std::vector<int64_t> axes(x->rank());
  std::iota(axes.begin(), axes.end(), 0);
  if (context.has_input(3)) {
    if (!context.ints(3)) return same_as_input(context);
    axes = *context.ints(3);
  }
  if (pads && pads->size() != 2 * axes.size())
    return context.error("needs {} pads, not {}", 2 * axes.size(), pads->size());
  for (size_t i = 0; i < axes.size(); ++i) {
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(axes[i], x->rank()));
    int64_t& dim = (*x)[axis];
    if (!pads || dim < 0) {
      dim = Shape::kUnknownDim;
      continue;
    }
    constexpr int64_t kMaxPad = int64_t{1} << 40;
    if (std::abs((*pads)[i]) > kMaxPad || std::abs((*pads)[i + axes.size()]) > kMaxPad)
      return context.error("pads are too large");
    dim += (*pads)[i] + (*pads)[i + axes.size()];
    if (dim < 0) return context.error("the pads leave no output");
  }
  context.set_output(0, context.dtype(0), x);
  return {};
}

/// Resize and Upsample: from sizes where given, else from scales.
Status resize_like(InferContext& context, size_t scales_at, size_t sizes_at) {
  auto x = context.shape(0);
  if (!x) return same_as_input(context);
  std::vector<int64_t> axes = context.node().ints_or("axes", {});
  if (axes.empty()) {
    axes.resize(x->rank());
    std::iota(axes.begin(), axes.end(), 0);
  }
  const PartialValue* scales = context.value(scales_at);
  const PartialValue* sizes = context.has_input(sizes_at) ? context.value(sizes_at) : nullptr;
  if (scales != nullptr && scales->empty()) scales = nullptr;
  const bool keeps_ratio = context.node().string_or("keep_aspect_ratio_policy", "stretch") != "stretch";
  for (size_t i = 0; i < axes.size(); ++i) {
    ASSIGN_OR_RETURN(const size_t axis, context.axis_of(axes[i], x->rank()));
    int64_t& dim = (*x)[axis];
    const PartialValue* given = sizes != nullptr ? sizes : scales;
    if (given != nullptr && given->size() != axes.size())
      return context.error("needs {} sizes or scales, not {}", axes.size(), given->size());
    if (given == nullptr || !(*given)[i] || (sizes == nullptr && dim < 0) ||
        (sizes != nullptr && keeps_ratio)) {
      dim = Shape::kUnknownDim;
      continue;
    }
    const double target = sizes != nullptr
                              ? *(*given)[i]
                              : std::floor(static_cast<float>(dim) *
                                           static_cast<float>(*(*given)[i]));  // in float, as engines do
    if (!(target >= 0 && target < 1e9)) return context.error("output size {} makes no sense", target);
    dim = static_cast<int64_t>(target);
  }
  context.set_output(0, context.dtype(0), x);
  return {};
}

Status resize(InferContext& context) { return resize_like(context, 2, 3); }
Status upsample(InferContext& context) { return resize_like(context, 1, 4); }

Status depth_to_space(InferContext& context) {
  auto x = context.shape(0);
  const int64_t block = context.node().int_or("blocksize", 0);
  if (!x) return same_as_input(context);
  if (x->rank() != 4 || block < 1 || block > (1 << 16) || ((*x)[1] >= 0 && (*x)[1] % (block * block) != 0))
    return context.error("block size {} does not fit {}", block, x->to_string());
  (*x)[1] = (*x)[1] < 0 ? Shape::kUnknownDim : (*x)[1] / (block * block);
  for (const size_t axis : {2, 3}) {
    const auto product = multiply_dims((*x)[axis], block);
    if (!product) return context.error("the output is too large");
    (*x)[axis] = *product;
  }
  context.set_output(0, context.dtype(0), x);
  return {};
}

Status space_to_depth(InferContext& context) {
  auto x = context.shape(0);
  const int64_t block = context.node().int_or("blocksize", 0);
  if (!x) return same_as_input(context);
  const auto fits = [&](int64_t dim) { return dim < 0 || dim % block == 0; };
  if (x->rank() != 4 || block < 1 || block > (1 << 16) || !fits((*x)[2]) || !fits((*x)[3]))
    return context.error("block size {} does not fit {}", block, x->to_string());
  const auto channels = multiply_dims((*x)[1], block * block);
  if (!channels) return context.error("the output is too large");
  (*x)[1] = *channels;
  for (const size_t axis : {2, 3}) (*x)[axis] = (*x)[axis] < 0 ? Shape::kUnknownDim : (*x)[axis] / block;
  context.set_output(0, context.dtype(0), x);
  return {};
}

Status shape_of(InferContext& context) {
  const auto x = context.shape(0);
  context.set_output(0, DType::kI64, Shape{Shape::kUnknownDim});
  if (!x) return {};
  const auto rank = static_cast<int64_t>(x->rank());
  const auto clamped = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t start = clamped(context.node().int_or("start", 0));
  const int64_t end = std::max(start, clamped(context.node().int_or("end", rank)));
  PartialValue dims;
  for (int64_t i = start; i < end; ++i) {
    const int64_t dim = (*x)[static_cast<size_t>(i)];
    dims.push_back(dim < 0 ? std::nullopt : std::optional(static_cast<double>(dim)));
  }
  context.set_output(0, DType::kI64, Shape{end - start});
  context.set_value(0, std::move(dims));
  return {};
}

Status size_of_tensor(InferContext& context) {
  const auto x = context.shape(0);
  context.set_output(0, DType::kI64, Shape{});
  if (x && x->is_static()) context.set_value(0, {static_cast<double>(x->element_count())});
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"Concat", 1, kAnyNumber, concat},
    {"DepthToSpace", 1, 1, depth_to_space},
    {"Expand", 2, 2, expand},
    {"Flatten", 1, 1, flatten},
    {"Pad", 2, 4, pad},
    {"ReadPixels", 1, 1, read_pixels, "ridgeline"},
    {"Reshape", 2, 2, reshape},
    {"Resize", 1, 4, resize},
    {"Shape", 1, 1, shape_of},
    {"Size", 1, 1, size_of_tensor},
    {"SpaceToDepth", 1, 1, space_to_depth},
    {"Split", 1, 2, split},
    {"Squeeze", 1, 2, squeeze},
    {"Tile", 2, 2, tile},
    {"Transpose", 1, 1, transpose},
    {"Unsqueeze", 2, 2, unsqueeze},
    {"Upsample", 2, 2, upsample},
});

}  // namespace

std::span<const OpRow> layout_ops() { return kRows; }

}  // namespace ridgeline::ops
