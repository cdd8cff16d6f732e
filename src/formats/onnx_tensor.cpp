#include "formats/onnx_tensor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fmt/ranges.h>
#include <optional>
#include <utility>
#include <vector>

#include "formats/tensor_bytes.h"
#include "graph/onnx_dtype.h"

namespace ridgeline::formats {
namespace {

using onnx::TensorProto;

template <typename To, typename Values>
Result<Tensor> from_typed(DType dtype, Shape shape, int64_t count, const Values& values, const char* field) {
  if (values.size() != count)
    return invalid_argument("{} has {} elements, but shape {} takes {}", field, values.size(),
                            shape.to_string(), count);
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::zeros(dtype, std::move(shape)));
  To* out = reinterpret_cast<To*>(tensor.data());
  for (const auto value : values) *out++ = static_cast<To>(value);
  if (dtype == DType::kBool) make_bools_valid(tensor);
  return tensor;
}

Result<Tensor> from_typed_field(const TensorProto& proto, DType dtype, Shape shape, int64_t count) {
  const auto ints = [&]<typename To>(To) {
    return from_typed<To>(dtype, std::move(shape), count, proto.int32_data(), "int32_data");
  };
  switch (dtype) {
    case DType::kF32:
      return from_typed<float>(dtype, std::move(shape), count, proto.float_data(), "float_data");
    case DType::kF64:
      return from_typed<double>(dtype, std::move(shape), count, proto.double_data(), "double_data");
    case DType::kI64:
      return from_typed<int64_t>(dtype, std::move(shape), count, proto.int64_data(), "int64_data");
    case DType::kU32:
      return from_typed<uint32_t>(dtype, std::move(shape), count, proto.uint64_data(), "uint64_data");
    case DType::kU64:
      return from_typed<uint64_t>(dtype, std::move(shape), count, proto.uint64_data(), "uint64_data");
    case DType::kI32:
      return ints(int32_t{});
    case DType::kI16:
      return ints(int16_t{});
    case DType::kI8:
      return ints(int8_t{});
    case DType::kU16:
    case DType::kF16:
    case DType::kBF16:
      return ints(uint16_t{});
    case DType::kBool:
    case DType::kU8:
      return ints(uint8_t{});
    case DType::kString:
      break;
  }
  return internal_error("string tensors have no numeric field");
}

Result<Tensor> from_strings(const TensorProto& proto, Shape shape, int64_t count) {
  if (proto.has_raw_data() || proto.data_location() == TensorProto::EXTERNAL)
    return invalid_argument("strings must lie in string_data, not in raw or external data");
  if (proto.string_data_size() != count)
    return invalid_argument("string_data has {} elements, but shape {} takes {}", proto.string_data_size(),
                            shape.to_string(), count);
  return make_string_tensor(std::move(shape), {proto.string_data().begin(), proto.string_data().end()});
}

Result<uint64_t> parse_bytes(const std::string& text, const std::string& key) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_argument("external data {} '{}' is not a number of bytes", key, text);
  return value;
}

Result<Tensor> from_external(const TensorProto& proto, DType dtype, Shape shape, uint64_t bytes,
                             ExternalData& external) {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const onnx::StringStringEntryProto& entry : proto.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") {
      ASSIGN_OR_RETURN(offset, parse_bytes(entry.value(), "offset"));
    }
    if (entry.key() == "length") {
      ASSIGN_OR_RETURN(length, parse_bytes(entry.value(), "length"));
    }
  }
  if (length && *length != bytes)
    return invalid_argument("external data length is {} bytes, but shape {} of {} takes {}", *length,
                            shape.to_string(), name_of(dtype), bytes);
  ASSIGN_OR_RETURN(const MappedBytes mapped, external.read(location, offset, bytes));
  return tensor_over(dtype, std::move(shape), mapped);
}

Result<Tensor> read_checked(const TensorProto& proto, ExternalData& external) {
  ASSIGN_OR_RETURN(const DType dtype, read_element_type(proto.data_type()));
  if (proto.has_segment())
    return unsupported("tensors in segments cannot be read: save the model in one piece");
  Shape shape(std::vector<int64_t>(proto.dims().begin(), proto.dims().end()));
  if (!shape.is_static()) return invalid_argument("dims {} holds a negative size", fmt::join(shape, "x"));
  RETURN_IF_ERROR(check_dims(shape));
  const int64_t count = shape.element_count();
  if (dtype == DType::kString) return from_strings(proto, std::move(shape), count);
  const uint64_t bytes = static_cast<uint64_t>(count) * size_of(dtype);
  if (proto.data_location() == TensorProto::EXTERNAL)
    return from_external(proto, dtype, std::move(shape), bytes, external);
  if (!proto.has_raw_data()) return from_typed_field(proto, dtype, std::move(shape), count);
  if (proto.raw_data().size() != bytes)
    return invalid_argument("raw_data has {} bytes, but shape {} of {} takes {}", proto.raw_data().size(),
                            shape.to_string(), name_of(dtype), bytes);
  return copied_tensor(dtype, std::move(shape), std::as_bytes(std::span(proto.raw_data())));
}

}  // namespace

Result<DType> read_element_type(int32_t number) {
  if (const std::optional<DType> dtype = dtype_from_onnx(number)) return *dtype;
  if (number == TensorProto::UNDEFINED || !TensorProto::DataType_IsValid(number))
    return invalid_argument("element type {} is not one of ONNX's", number);
  return unsupported(
      "element type {} is not supported: use float, float16, bfloat16, double, (u)int8 to 64, bool or string",
      TensorProto::DataType_Name(number));
}

Tensor make_string_tensor(Shape shape, std::vector<std::string> strings) {
  auto elements = std::make_shared<std::vector<std::string>>(std::move(strings));
  auto* data = reinterpret_cast<std::byte*>(elements->data());
  return Tensor::wrap(DType::kString, std::move(shape), data, std::move(elements));
}

Result<Tensor> read_tensor(const TensorProto& proto, ExternalData& external) {
  Result<Tensor> tensor = read_checked(proto, external);
  if (tensor.ok()) return tensor;
  return std::move(tensor).status().with_context(fmt::format("tensor '{}'", proto.name()));
}

void write_tensor_header(const Tensor& tensor, std::string_view name, TensorProto* proto) {
  proto->set_name(std::string(name));
  proto->set_data_type(static_cast<int32_t>(onnx_number_of(tensor.dtype())));
  for (const int64_t dim : tensor.shape()) proto->add_dims(dim);
}

void write_tensor(const Tensor& tensor, std::string_view name, TensorProto* proto) {
  write_tensor_header(tensor, name, proto);
  if (tensor.dtype() == DType::kString) {
    for (const std::string& text : tensor.as<std::string>()) proto->add_string_data(text);
  } else {
    proto->set_raw_data(tensor.data(), tensor.byte_size());
  }
}

}  // namespace ridgeline::formats
