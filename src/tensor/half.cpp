#include "tensor/half.h"

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "tensor/element.h"

namespace ridgeline {
namespace {

template <typename T>
double widen(T value) {
  return static_cast<double>(value);
}
double widen(F16 value) { return static_cast<float>(value); }
double widen(BF16 value) { return static_cast<float>(value); }

template <typename To, typename From>
To cast_one(From value) {
  if constexpr (std::is_same_v<To, F16>) {
    return F16(static_cast<float>(widen(value)));
  } else if constexpr (std::is_same_v<To, BF16>) {
    return BF16(static_cast<float>(widen(value)));
  } else if constexpr (std::is_same_v<To, bool>) {
    return widen(value) != 0;
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<From>) {
    const double wide = widen(value);
    if (std::isnan(wide)) return 0;
    if (wide <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    if (wide >= static_cast<double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    return static_cast<To>(wide);
  } else if constexpr (std::is_integral_v<To>) {
    return static_cast<To>(value);
  } else {
    return static_cast<To>(widen(value));
  }
}

}  // namespace

uint16_t f32_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below the smallest normal: adding 0.5 makes the FPU round the significand at the bit binary16 keeps.
    const float rounded = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(rounded) - 0x3f000000));
  }
  const uint32_t rebased = magnitude - 0x38000000;
  return static_cast<uint16_t>(sign | ((rebased + 0xfff + ((rebased >> 13) & 1)) >> 13));
}

float f16_to_f32(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1f;
  const uint32_t fraction = bits & 0x3ff;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000 | (fraction << 13));
  if (exponent == 0) return std::copysign(static_cast<float>(fraction) * 0x1p-24F, sign != 0 ? -1.0F : 1.0F);
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

Result<Tensor> convert(const Tensor& tensor, DType to) {
  if (tensor.dtype() == to) return tensor;
  if (tensor.dtype() == DType::kString || to == DType::kString)
    return unsupported("strings cannot be converted to numbers or back");
  ASSIGN_OR_RETURN(Tensor converted, Tensor::zeros(to, tensor.shape()));
  convert(tensor.view(), converted.view());
  return converted;
}

void convert(const TensorView& in, const TensorView& out) {
  with_element_type(in.dtype, [&](auto from_element) {
    using From = decltype(from_element);
    const auto source = in.as<From>();
    with_element_type(out.dtype, [&](auto to_element) {
      using To = decltype(to_element);
      const auto target = out.as<To>();
      for (size_t i = 0; i < source.size(); ++i) target[i] = cast_one<To>(source[i]);
    });
  });
}

}  // namespace ridgeline
