#pragma once

#include <cstdint>

#include "kernels/activation.h"

namespace ridgeline::kernels::vector {

/// out[i] = f(in[i]); in and out may be the same. alpha and beta are what the function's ONNX attributes say.
using MapRow = void (*)(const float* in, float* out, int64_t count, float alpha, float beta);

/// A window that slides along a row: out[i] is folded from in[i · stride + t · step], t < taps. in and out
/// may not overlap.
struct Taps {
  int64_t taps = 1;
  int64_t step = 1;
  int64_t stride = 1;
};
using FoldRow = void (*)(const Taps& taps, const float* in, float* out, int64_t count);

/// Elements in u8 or i8, which stand for (step − zero) · scale. Halves are rounded to even, NaN to the lowest
/// step.
struct ByteRow {
  uint8_t* steps = nullptr;
  int64_t count = 0;
  float scale = 1;
  int32_t zero = 0;
  bool is_signed = false;
};

/// A softmax over `count` elements that lie `stride` apart, for `lines` lines that lie side by side.
struct SoftmaxLines {
  const float* in = nullptr;
  float* out = nullptr;
  int64_t count = 0;
  int64_t stride = 1;
  int64_t lines = 1;  ///< 1 when stride is 1
  bool logarithm = false;
};

/// Of the population.
struct RowMoments {
  float mean = 0, variance = 0;
};

/// Elements that are normalised alike; in and out may be the same.
struct NormRow {
  const float* in = nullptr;
  float* out = nullptr;
  int64_t count = 0;
};

/// One instruction set's FP32 functions over rows. They stay within 2e-6 of the result or 1e-6 absolute,
/// whichever is more; NaN stays NaN.
struct RowKernels {
  MapRow elu = nullptr;
  MapRow erf = nullptr;
  MapRow exp = nullptr;
  MapRow gelu = nullptr;
  MapRow gelu_tanh = nullptr;
  MapRow hard_sigmoid = nullptr;
  MapRow hard_swish = nullptr;
  MapRow leaky_relu = nullptr;
  MapRow mish = nullptr;
  MapRow sigmoid = nullptr;
  MapRow tanh = nullptr;
  void (*softmax)(const SoftmaxLines& lines) = nullptr;
  RowMoments (*moments)(const float* row, int64_t count) = nullptr;
  /// out = in · scale + shift.
  void (*scale_by_one)(const NormRow& row, float scale, float shift) = nullptr;
  /// out = (in − mean) · inverse · scale[i] + bias[i]; bias may be null.
  void (*scale_by_each)(const NormRow& row, float mean, float inverse, const float* scale,
                        const float* bias) = nullptr;
  FoldRow max_taps = nullptr;  ///< NaN wins
  FoldRow sum_taps = nullptr;
  void (*quantize)(const ByteRow& row, const float* in) = nullptr;
  void (*dequantize)(const ByteRow& row, float* out) = nullptr;
  /// What both leave of a number; in and out may be the same.
  void (*round_to)(const Rounding& to, const float* in, float* out, int64_t count) = nullptr;
};

const RowKernels& avx512_rows();
const RowKernels& avx2_rows();

}  // namespace ridgeline::kernels::vector
