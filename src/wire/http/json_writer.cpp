#include "wire/http/json_writer.h"

#include <cstring>
#include <type_traits>

#include "tensor/element.h"
#include "wire/bytes.h"

namespace ridgeline::wire::http {
namespace {

template <typename T>
void write_element(JsonWriter& json, const std::byte* at) {
  if constexpr (std::is_same_v<T, bool>) {
    json.Bool(*at != std::byte{0});
    return;
  }
  T value;
  std::memcpy(static_cast<void*>(&value), at, sizeof(T));
  if constexpr (!std::is_integral_v<T>)
    json.Double(static_cast<double>(
        static_cast<std::conditional_t<std::is_same_v<T, double>, double, float>>(value)));
  else if constexpr (std::is_signed_v<T>)
    json.Int64(value);
  else
    json.Uint64(value);
}

Status write_strings(JsonWriter& json, const OutputTensor& tensor, uint64_t count) {
  std::span<const std::byte> rest = tensor.data;
  for (uint64_t i = 0; i < count; ++i) {
    const auto text = take_string(rest);
    if (!text)
      return internal_error("output tensor shape does not match size of output for '{}'", tensor.name);
    json.text(*text);
  }
  return {};
}

}  // namespace

void JsonWriter::parameter(const Parameter& value) {
  std::visit(
      [this](const auto& held) {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, bool>)
          Bool(held);
        else if constexpr (std::is_same_v<T, int64_t>)
          Int64(held);
        else if constexpr (std::is_same_v<T, uint64_t>)
          Uint64(held);
        else if constexpr (std::is_same_v<T, double>)
          Double(held);
        else
          text(held);
      },
      value);
}

Status JsonWriter::elements(const OutputTensor& tensor) {
  const size_t size = size_of(tensor.datatype);
  ASSIGN_OR_RETURN(const int64_t count, tensor.shape.checked_element_count(size));
  if (tensor.datatype == DType::kString) return write_strings(*this, tensor, static_cast<uint64_t>(count));
  if (tensor.data.size() != static_cast<size_t>(count) * size)
    return internal_error(
        "Failed to write 'data' field: output tensor shape does not match size of output for '{}'",
        tensor.name);
  with_element_type(tensor.datatype, [&](auto element) {
    const std::byte* end = tensor.data.data() + tensor.data.size();
    for (const std::byte* at = tensor.data.data(); at != end; at += size)
      write_element<decltype(element)>(*this, at);
  });
  return {};
}

}  // namespace ridgeline::wire::http
