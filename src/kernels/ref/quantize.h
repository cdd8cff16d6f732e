#pragma once

#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/activation.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// Scales (FP32) and zero points (the integers' type; null for 0) of a quantised tensor, one pair for
/// all or one for each position along an axis: element i has pair i / run % scale.count.
struct QuantPairs {
  const TensorView& scale;
  const TensorView* zero_point = nullptr;
  int64_t run = 1;
};

/// out = saturate(round(in / scale) + zero point), halves to even. in is FP32, out i8, u8, i16 or u16.
Status quantize(const TensorView& in, const QuantPairs& pairs, const TensorView& out, ThreadPool& pool);

/// out = (in − zero point) · scale. in is i8, u8, i16, u16 or i32, out FP32.
Status dequantize(const TensorView& in, const QuantPairs& pairs, const TensorView& out, ThreadPool& pool);

/// What both leave of FP32.
Status round_to(const TensorView& in, const Rounding& to, const TensorView& out, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
