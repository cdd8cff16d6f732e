#pragma once

#include <string_view>
#include <vector>

#include "engine/native/step.h"
#include "tensor/half.h"

namespace ridgeline::native {

/// A tensor's numbers, converted.
template <typename T>
std::vector<T> elements_as(const TensorView& tensor) {
  std::vector<T> elements(static_cast<size_t>(tensor.shape.element_count()));
  convert(tensor, {dtype_of<T>(), tensor.shape, reinterpret_cast<std::byte*>(elements.data())});
  return elements;
}

/// The attribute as an axis of input 0, counted from 0. Shape inference has checked its range.
size_t axis_of(const BuildContext& context, std::string_view attribute, int64_t fallback);
/// `axis`, which may count from the end, counted from 0.
size_t axis_from_start(int64_t axis, size_t rank);

/// A list that shapes or steps hang on: the attribute up to some opset, input `index` from then on; empty
/// where the node has neither. kUnsupported for an input that is computed at run time.
Result<std::vector<int64_t>> ints_of(const BuildContext& context, std::string_view attribute, size_t index);
/// Input `index` as integers; empty where absent. kUnsupported for one that is computed at run time.
Result<std::vector<int64_t>> constant_ints(const BuildContext& context, size_t index);
/// The same in double, for any type of number.
Result<std::vector<double>> constant_numbers(const BuildContext& context, size_t index);

/// kUnsupported unless the present inputs from `first` on have the element type of input `first`.
Status check_same_type(const BuildContext& context, size_t first);

/// kUnsupported for a count past which a plan should not keep a table with an entry for each.
Status check_table(const BuildContext& context, int64_t entries);

/// The slot of the node's output `index`; none where the node leaves it out.
std::optional<size_t> output_slot(const BuildContext& context, size_t index);

/// The step that puts all inputs side by side along `axis` of their slots.
Built concat_along(const BuildContext& context, size_t axis);

}  // namespace ridgeline::native
