#include "wire/datatype.h"

#include <array>

namespace ridgeline::wire {
namespace {

constexpr std::string_view kConfigPrefix = "TYPE_";

// In DType's order. The configuration's names are these with a prefix, save for strings.
constexpr std::array<std::string_view, 14> kConfigTypes = {
    "TYPE_FP32",   "TYPE_FP16",  "TYPE_BF16",   "TYPE_FP64",  "TYPE_INT8",   "TYPE_UINT8", "TYPE_INT16",
    "TYPE_UINT16", "TYPE_INT32", "TYPE_UINT32", "TYPE_INT64", "TYPE_UINT64", "TYPE_BOOL",  "TYPE_STRING"};
static_assert(static_cast<size_t>(DType::kString) + 1 == kConfigTypes.size());

}  // namespace

std::string_view config_type_name(DType dtype) { return kConfigTypes[static_cast<size_t>(dtype)]; }

std::string_view datatype_name(DType dtype) {
  return dtype == DType::kString ? "BYTES" : config_type_name(dtype).substr(kConfigPrefix.size());
}

std::optional<DType> dtype_from_config_type(std::string_view name) {
  for (size_t i = 0; i < kConfigTypes.size(); ++i)
    if (kConfigTypes[i] == name) return static_cast<DType>(i);
  return std::nullopt;
}

std::optional<DType> datatype_from_name(std::string_view name) {
  for (size_t i = 0; i < kConfigTypes.size(); ++i)
    if (datatype_name(static_cast<DType>(i)) == name) return static_cast<DType>(i);
  return std::nullopt;
}

std::string bracketed(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape.dims(), ",")); }

Result<size_t> tensor_byte_size(DType dtype, const Shape& shape) {
  const size_t element = size_of(dtype);
  ASSIGN_OR_RETURN(const int64_t count, shape.checked_element_count(element));
  return static_cast<size_t>(count) * element;
}

}  // namespace ridgeline::wire
