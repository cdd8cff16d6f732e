#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "tensor/tensor.h"

namespace ridgeline {

/// IEEE binary16 and bfloat16 bit patterns, round to nearest even; NaN stays NaN.
uint16_t f32_to_f16(float value);
float f16_to_f32(uint16_t bits);
uint16_t f32_to_bf16(float value);
float bf16_to_f32(uint16_t bits);

/// `tensor` with each element cast to `to`. Float to integer truncates toward zero and saturates; to bool is
/// != 0.
Result<Tensor> convert(const Tensor& tensor, DType to);
/// The same between views of equally many elements; neither holds strings.
void convert(const TensorView& in, const TensorView& out);

}  // namespace ridgeline
