#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ridgeline {

/// Element types, in the spelling of the KServe v2 protocol (FP32, BF16, INT8 …) and of our flags (f32, bf16,
/// i8 …).
enum class DType : uint8_t {
  kF32,
  kF16,
  kBF16,
  kF64,
  kI8,
  kU8,
  kI16,
  kU16,
  kI32,
  kU32,
  kI64,
  kU64,
  kBool,
  kString
};

/// Bytes of one element; 0 for kString, which has no fixed size.
size_t size_of(DType dtype);
/// Short name: "f32", "bf16", "i8", …
std::string_view name_of(DType dtype);
std::optional<DType> dtype_from_name(std::string_view short_name);
bool is_float(DType dtype);

}  // namespace ridgeline
