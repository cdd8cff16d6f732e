#include "wire/http/tensor_data.h"

#include "tensor/half.h"
#include "wire/bytes.h"

namespace ridgeline::wire::http {
namespace {

std::string_view kind_refusal(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "attempt to access JSON non-boolean as boolean";
    case DType::kU8:
    case DType::kU16:
    case DType::kU32:
    case DType::kU64:
      return "attempt to access JSON non-unsigned-integer as unsigned-integer";
    case DType::kI8:
    case DType::kI16:
    case DType::kI32:
    case DType::kI64:
      return "attempt to access JSON non-signed-integer as signed-integer";
    case DType::kString:
      return "attempt to access JSON non-string as string";
    default:
      return "attempt to access JSON non-number as double";
  }
}

bool is_unsigned(DType dtype) {
  return dtype == DType::kU8 || dtype == DType::kU16 || dtype == DType::kU32 || dtype == DType::kU64;
}

bool is_integer(DType dtype) { return !is_float(dtype) && dtype != DType::kBool && dtype != DType::kString; }

}  // namespace

template <typename T>
void TensorDataReader::put(T value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
  ++count_;
}

void TensorDataReader::put_integer(uint64_t bits) {
  switch (size_of(dtype_)) {
    case 1:
      return put(static_cast<uint8_t>(bits));
    case 2:
      return put(static_cast<uint16_t>(bits));
    case 4:
      return put(static_cast<uint32_t>(bits));
    default:
      return put(bits);
  }
}

void TensorDataReader::put_real(double value) {
  switch (dtype_) {
    case DType::kF64:
      return put(value);
    case DType::kF16:
      return put(f32_to_f16(static_cast<float>(value)));
    case DType::kBF16:
      return put(f32_to_bf16(static_cast<float>(value)));
    default:
      return put(static_cast<float>(value));
  }
}

void TensorDataReader::mismatch() {
  if (!mismatched_) first_mismatch_ = count_;
  mismatched_ = true;
  ++count_;
}

void TensorDataReader::boolean(bool value) {
  dtype_ == DType::kBool ? put(static_cast<uint8_t>(value)) : mismatch();
}

void TensorDataReader::natural(uint64_t value) {
  if (is_float(dtype_)) return put_real(static_cast<double>(value));
  const bool fits = is_unsigned(dtype_) || static_cast<int64_t>(value) >= 0;
  is_integer(dtype_) && fits ? put_integer(value) : mismatch();
}

void TensorDataReader::negative(int64_t value) {
  if (is_float(dtype_)) return put_real(static_cast<double>(value));
  is_integer(dtype_) && !is_unsigned(dtype_) ? put_integer(static_cast<uint64_t>(value)) : mismatch();
}

void TensorDataReader::real(double value) { is_float(dtype_) ? put_real(value) : mismatch(); }

void TensorDataReader::text(std::string_view value) {
  if (dtype_ != DType::kString) return mismatch();
  append_string(bytes_, value);
  ++count_;
}

void TensorDataReader::other() { mismatch(); }

Status TensorDataReader::finish(uint64_t expected) const {
  if (dtype_ == DType::kString)
    return mismatched_ ? internal_error("Unable to parse JSON bytes array: {}", kind_refusal(dtype_))
                       : Status();
  if (mismatched_ && first_mismatch_ < expected)
    return internal_error("Unable to parse 'data': {}", kind_refusal(dtype_));
  if (count_ != expected)
    return internal_error("Unable to parse 'data': Shape does not match true shape of 'data' field");
  return {};
}

}  // namespace ridgeline::wire::http
