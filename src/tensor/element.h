#pragma once

#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/half.h"

namespace ridgeline {

/// Storage of IEEE binary16 and bfloat16 elements; arithmetic happens in float.
struct F16 {
  uint16_t bits = 0;
  F16() = default;
  explicit F16(float value) : bits(f32_to_f16(value)) {}
  explicit operator float() const { return f16_to_f32(bits); }
};
struct BF16 {
  uint16_t bits = 0;
  BF16() = default;
  explicit BF16(float value) : bits(f32_to_bf16(value)) {}
  explicit operator float() const { return bf16_to_f32(bits); }
};

/// Calls `body` with a value-initialised element of the C++ type behind `dtype`; never called for kString,
/// which has no dense elements.
template <typename Body>
void with_element_type(DType dtype, Body body) {
  switch (dtype) {
    case DType::kF32:
      return body(float{});
    case DType::kF16:
      return body(F16{});
    case DType::kBF16:
      return body(BF16{});
    case DType::kF64:
      return body(double{});
    case DType::kI8:
      return body(int8_t{});
    case DType::kU8:
      return body(uint8_t{});
    case DType::kI16:
      return body(int16_t{});
    case DType::kU16:
      return body(uint16_t{});
    case DType::kI32:
      return body(int32_t{});
    case DType::kU32:
      return body(uint32_t{});
    case DType::kI64:
      return body(int64_t{});
    case DType::kU64:
      return body(uint64_t{});
    case DType::kBool:
      return body(bool{});
    case DType::kString:
      return;
  }
}

}  // namespace ridgeline
