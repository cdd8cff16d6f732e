#include "graph/passes/views.h"

#include <algorithm>
#include <array>

namespace ridgeline::passes {
namespace {

using namespace std::string_view_literals;

constexpr auto kFrames = std::to_array({"Flatten"sv, "Reshape"sv, "Squeeze"sv, "Unsqueeze"sv});

struct Axis {
  int64_t extent, stride;
};

View whole(const std::string& value, const Shape& shape) {
  View view{.source = value, .shape = shape, .strides = std::vector<int64_t>(shape.rank(), 1)};
  for (size_t axis = shape.rank(); axis-- > 1;) view.strides[axis - 1] = view.strides[axis] * shape[axis];
  return view;
}

View transposed(const View& view, const std::vector<int64_t>& order) {
  View moved = view;
  for (size_t axis = 0; axis < order.size(); ++axis) {
    moved.shape[axis] = view.shape[static_cast<size_t>(order[axis])];
    moved.strides[axis] = view.strides[static_cast<size_t>(order[axis])];
  }
  return moved;
}

/// With `shape` in place of its own; none where neighbours of the frame lie apart. Groups of axes with as
/// many elements become each other.
std::optional<View> reframed(const View& view, const Shape& shape) {
  std::vector<Axis> axes;
  for (size_t axis = 0; axis < view.shape.rank(); ++axis)
    if (view.shape[axis] != 1) axes.push_back({view.shape[axis], view.strides[axis]});
  View framed = view;
  framed.shape = shape;
  framed.strides.assign(shape.rank(), 1);
  size_t to = shape.rank();
  while (!axes.empty()) {
    const int64_t step = axes.back().stride;
    int64_t elements = axes.back().extent, framed_elements = 1;
    axes.pop_back();
    while (to > 0 && framed_elements < elements) {
      --to;
      framed.strides[to] = step * framed_elements;
      framed_elements *= shape[to];
      while (elements < framed_elements) {
        if (axes.empty() || axes.back().stride != step * elements) return std::nullopt;
        elements *= axes.back().extent;
        axes.pop_back();
      }
    }
    if (elements != framed_elements) return std::nullopt;
  }
  return framed;
}

size_t axis_of(const Node& node, size_t rank) {
  const int64_t axis = node.int_or("axis", 0);
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

}  // namespace

std::optional<View> Views::of(const std::string& value) const {
  const Shape* const shape = f32_shape(types_, value);
  if (shape == nullptr || shape->element_count() == 0) return std::nullopt;
  const auto producer = rewriter_.producer(value);
  std::optional<View> view;
  if (producer) view = through(rewriter_.graph().nodes[*producer], value, *shape);
  return view ? view : whole(value, *shape);
}

std::optional<View> Views::through(const Node& node, const std::string& value, const Shape& shape) const {
  if (!node.domain.empty()) return std::nullopt;
  if (node.op == "Split") return of_part(node, value);
  if (node.op == "Gather") return of_index(node);
  for (const std::string& input : node.inputs)
    if (const auto factor = factor_of(node, input)) {
      auto view = of(input);
      if (!view || view->shape != shape) return std::nullopt;
      view->factor *= *factor;
      return view;
    }
  const bool is_frame = std::ranges::binary_search(kFrames, node.op);
  const auto view = is_frame || node.op == "Transpose" ? of(node.inputs[0]) : std::nullopt;
  if (!view) return std::nullopt;
  if (is_frame) return reframed(*view, shape);
  const auto order = node.ints_or("perm", {});
  return order.size() == shape.rank() ? std::optional(transposed(*view, order)) : std::nullopt;
}

std::optional<View> Views::of_part(const Node& split, const std::string& value) const {
  auto view = of(split.inputs[0]);
  if (!view) return std::nullopt;
  const size_t axis = axis_of(split, view->shape.rank());
  for (const std::string& output : split.outputs) {
    const Shape* const part = f32_shape(types_, output);
    if (part == nullptr) return std::nullopt;
    view->shape = *part;
    if (output == value) return view;
    view->offset += (*part)[axis] * view->strides[axis];
  }
  return std::nullopt;
}

std::optional<View> Views::of_index(const Node& gather) const {
  const Tensor* const index = rewriter_.graph().initializer(gather.inputs[1]);
  auto view = of(gather.inputs[0]);
  if (index == nullptr || index->dtype() != DType::kI64 || index->shape().rank() != 0 || !view)
    return std::nullopt;
  const size_t axis = axis_of(gather, view->shape.rank());
  const int64_t at = index->as<int64_t>()[0];
  view->offset += (at < 0 ? at + view->shape[axis] : at) * view->strides[axis];
  view->shape.dims().erase(view->shape.dims().begin() + static_cast<std::ptrdiff_t>(axis));
  view->strides.erase(view->strides.begin() + static_cast<std::ptrdiff_t>(axis));
  return view;
}

std::optional<double> Views::factor_of(const Node& node, const std::string& value) const {
  const bool is_product = is_plain(node, "Mul");
  if ((!is_product && !is_plain(node, "Div")) || node.inputs.size() != 2) return std::nullopt;
  const size_t beside = node.inputs[0] == value ? 1 : 0;
  const Tensor* const number = rewriter_.graph().initializer(node.inputs[beside]);
  const bool is_number = number != nullptr && number->dtype() == DType::kF32 && number->element_count() == 1;
  if (!is_number || node.inputs[1 - beside] != value || (!is_product && beside == 0)) return std::nullopt;
  const double factor = number->as<float>()[0];
  return is_product ? factor : 1 / factor;
}

}  // namespace ridgeline::passes
