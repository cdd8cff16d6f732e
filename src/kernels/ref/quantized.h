#pragma once

#include "base/status.h"
#include "kernels/quantized/conv.h"
#include "kernels/ref/pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

// Steps of i8 count from −128 in what follows, as u8 do from 0: shifts and zero points are of that, but for
// those of results and of a convolution's inputs.

/// Whole sums, and the finish as kernels/quantized/finish.h defines it.
void quantized_conv(const quantized::QuantizedConvDesc& desc, const quantized::QuantizedConvArgs& args,
                    ThreadPool& pool);

/// out = finish(a · scale, b), elements of u8 or i8 in any combination; `shift` is a's zero point's.
struct QuantizedAddDesc {
  float scale = 1, shift = 0;
  quantized::Finish finish{};
};
Status quantized_add(const QuantizedAddDesc& desc, const TensorView& a, const TensorView& b,
                     const TensorView& out, ThreadPool& pool);

/// out = finish((Σ in − count · in_zero) · scale / count), count being the window's elements that are
/// counted.
struct QuantizedAverageDesc {
  PoolDesc pool{};
  AveragePadding padding{};
  int32_t in_zero = 0;
  float scale = 1;
  quantized::Finish finish{};
};
Status quantized_average(const QuantizedAverageDesc& desc, const TensorView& in, const TensorView& out,
                         ThreadPool& pool);

/// out[i] = table[byte i of in]; all are of one byte.
void lookup(const TensorView& in, const TensorView& table, const TensorView& out, ThreadPool& pool);

/// out = finish(factor · Σ values[byte of in]) of each plane, as FP32 sums them: 64 elements in order, then
/// these sums of a part of the plane (PlaneParts) in order, then the parts'. `values` are 256.
struct LookupMeanDesc {
  int64_t planes = 1;
  int64_t plane = 1;
  const float* values = nullptr;
  float factor = 1;
  quantized::Finish finish{};
};
constexpr int64_t kSummedTogether = 64;
void lookup_mean(const LookupMeanDesc& desc, const TensorView& in, const TensorView& out, ThreadPool& pool);

/// out = finish(values[byte of in] · factors[byte of its plane's step]), 256 each.
struct LookupProductDesc {
  int64_t planes = 1;
  int64_t plane = 1;
  const float* values = nullptr;
  const float* factors = nullptr;
  quantized::Finish finish{};
};
void lookup_product(const LookupProductDesc& desc, const TensorView& in, const TensorView& steps,
                    const TensorView& out, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
