#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/status.h"
#include "tensor/element.h"

namespace ridgeline::kernels::ref {

template <typename T>
constexpr bool kIsHalf = std::is_same_v<T, F16> || std::is_same_v<T, BF16>;
template <typename T>
constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsHalf<T>;
template <typename T>
constexpr bool kIsNumber = !std::is_same_v<T, bool>;

/// The type that arithmetic on T happens in: float for 16-bit floats, else T itself.
template <typename T>
using Compute = std::conditional_t<kIsHalf<T>, float, T>;

template <typename T>
Compute<T> widen(T value) {
  return static_cast<Compute<T>>(value);
}

inline Status wrong_type(std::string_view what, DType dtype) {
  return unsupported("{} of {} elements is not implemented", what, name_of(dtype));
}

/// Calls body(T{}) for float types, an error naming `what` for others.
template <typename Body>
Status with_float(DType dtype, std::string_view what, Body body) {
  std::optional<Status> done;
  with_element_type(dtype, [&](auto element) {
    if constexpr (kIsFloat<decltype(element)>) done = body(element);
  });
  return done ? *std::move(done) : wrong_type(what, dtype);
}

/// Calls body(T{}) for every type but bool and string, an error naming `what` for those.
template <typename Body>
Status with_number(DType dtype, std::string_view what, Body body) {
  std::optional<Status> done;
  with_element_type(dtype, [&](auto element) {
    if constexpr (kIsNumber<decltype(element)>) done = body(element);
  });
  return done ? *std::move(done) : wrong_type(what, dtype);
}

/// Calls body(uintN_t{}) for the unsigned integer as wide as the element: what only moves elements needs no
/// more.
template <typename Body>
void with_element_bits(DType dtype, Body body) {
  switch (size_of(dtype)) {
    case 1:
      return body(uint8_t{});
    case 2:
      return body(uint16_t{});
    case 4:
      return body(uint32_t{});
    case 8:
      return body(uint64_t{});
    default:
      return;
  }
}

}  // namespace ridgeline::kernels::ref
