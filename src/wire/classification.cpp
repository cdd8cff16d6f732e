#include "wire/classification.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <type_traits>

#include "tensor/element.h"
#include "wire/bytes.h"
#include "wire/datatype.h"

namespace ridgeline::wire {
namespace {

/// Elements as they are compared and printed.
template <typename T>
auto load(std::span<const std::byte> item, size_t index) {
  T value;
  std::memcpy(static_cast<void*>(&value), item.data() + index * sizeof(T), sizeof(T));
  if constexpr (std::is_arithmetic_v<T>)
    return value;
  else
    return static_cast<float>(value);
}

template <typename T>
std::string printed(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return fmt::format("{:f}", value);
  else
    return fmt::format("{}", value);
}

template <typename T>
void append_best(std::span<const std::byte> item, size_t count, std::span<const std::string> labels,
                 std::vector<std::byte>& out) {
  std::vector<decltype(load<T>(item, 0))> values(item.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) values[i] = load<T>(item, i);
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto better = [&values](size_t a, size_t b) {
    if constexpr (std::is_floating_point_v<decltype(load<T>({}, 0))>)
      if (std::isnan(values[a]) || std::isnan(values[b]))
        return std::isnan(values[a]) != std::isnan(values[b]) ? std::isnan(values[b]) : a < b;
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(), better);
  for (size_t k = 0; k < count; ++k) {
    const size_t index = order[k];
    std::string text = fmt::format("{}:{}", printed(values[index]), index);
    if (index < labels.size() && !labels[index].empty()) text += ":" + labels[index];
    append_string(out, text);
  }
}

}  // namespace

Result<Classes> best_classes(const OutputTensor& output, uint64_t count, bool batched,
                             std::span<const std::string> labels) {
  if (output.datatype == DType::kString || output.datatype == DType::kBool)
    return invalid_argument("class result not available for output due to unsupported type '{}'",
                            datatype_name(output.datatype));
  ASSIGN_OR_RETURN(const size_t bytes, tensor_byte_size(output.datatype, output.shape));
  if (bytes != output.data.size())
    return internal_error("output tensor shape does not match size of output for '{}'", output.name);
  batched = batched && output.shape.rank() > 0;
  const auto items = batched ? static_cast<size_t>(output.shape[0]) : size_t{1};
  const size_t item_bytes = items == 0 ? 0 : bytes / items;
  const size_t classes = std::min<uint64_t>(count, item_bytes / size_of(output.datatype));
  Classes best;
  if (batched) best.shape.dims().push_back(output.shape[0]);
  best.shape.dims().push_back(static_cast<int64_t>(classes));
  for (size_t i = 0; i < items; ++i)
    with_element_type(output.datatype, [&](auto element) {
      append_best<decltype(element)>(output.data.subspan(i * item_bytes, item_bytes), classes, labels,
                                     best.bytes);
    });
  return best;
}

}  // namespace ridgeline::wire
