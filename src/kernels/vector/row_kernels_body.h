// Included by one file per instruction set, which sets kLanes. Everything is local to that file, so that no
// other can be linked to code which its CPU lacks.

#include "kernels/vector/bytes_body.h"
#include "kernels/vector/functions_body.h"
#include "kernels/vector/normalise_body.h"
#include "kernels/vector/row_kernels.h"
#include "kernels/vector/softmax_body.h"

namespace ridgeline::kernels::vector {
namespace {

template <typename F>
void map_row(const float* in, float* out, int64_t count, F f) {
  int64_t i = 0;
#pragma GCC unroll 2
  for (; i + kLanes <= count; i += kLanes) store(out + i, f(load(in + i)));
  if (i < count) store_some(out + i, f(load_some(in + i, count - i)), count - i);
}

void elu(const float* in, float* out, int64_t count, float alpha, float) {
  map_row(in, out, count, [alpha](Vector x) { return x < 0 ? alpha * expm1_of(x) : x; });
}
void erf(const float* in, float* out, int64_t count, float, float) { map_row(in, out, count, erf_of); }
void exp(const float* in, float* out, int64_t count, float, float) { map_row(in, out, count, exp_of); }
void gelu(const float* in, float* out, int64_t count, float, float) { map_row(in, out, count, gelu_of); }
void gelu_tanh(const float* in, float* out, int64_t count, float, float) {
  map_row(in, out, count,
          [](Vector x) { return x * 0.5F * (1 + tanh_of(0.79788456080F * (x + 0.044715F * x * x * x))); });
}
void hard_sigmoid(const float* in, float* out, int64_t count, float alpha, float beta) {
  map_row(in, out, count, [=](Vector x) { return clamped(x * alpha + beta, 0, 1); });
}
void hard_swish(const float* in, float* out, int64_t count, float, float) {
  map_row(in, out, count, [](Vector x) { return x * clamped(x * (1.0F / 6) + 0.5F, 0, 1); });
}
void leaky_relu(const float* in, float* out, int64_t count, float alpha, float) {
  map_row(in, out, count, [alpha](Vector x) { return x < 0 ? x * alpha : x; });
}
void mish(const float* in, float* out, int64_t count, float, float) { map_row(in, out, count, mish_of); }
void sigmoid(const float* in, float* out, int64_t count, float, float) {
  map_row(in, out, count, sigmoid_of);
}
void tanh(const float* in, float* out, int64_t count, float, float) { map_row(in, out, count, tanh_of); }

/// f folds two numbers.
template <int64_t stride, typename F>
void fold_every(const Taps& taps, const float* __restrict in, float* __restrict out, int64_t count, F f) {
  for (int64_t i = 0; i < count; ++i) out[i] = in[i * stride];
  for (int64_t t = 1; t < taps.taps; ++t)
    for (int64_t i = 0; i < count; ++i) out[i] = f(out[i], in[t * taps.step + i * stride]);
}

/// f folds two vectors. There are at least as many outputs as lanes.
template <typename F>
void fold_dense(const Taps& taps, const float* in, float* out, int64_t count, F f) {
  for (int64_t i = 0; i < count; i += kLanes) {
    if (i > count - kLanes) i = count - kLanes;  // the last vector may repeat some of the one before
    Vector folded = load(in + i);
    for (int64_t t = 1; t < taps.taps; ++t) folded = f(folded, load(in + i + t * taps.step));
    store(out + i, folded);
  }
}

/// f folds two numbers, and two vectors.
template <typename F>
void fold_taps(const Taps& taps, const float* in, float* out, int64_t count, F f) {
  if (taps.stride == 1 && count >= kLanes) return fold_dense(taps, in, out, count, f);
  if (taps.stride == 1) return fold_every<1>(taps, in, out, count, f);
  if (taps.stride == 2) return fold_every<2>(taps, in, out, count, f);
  for (int64_t i = 0; i < count; ++i) fold_every<1>(taps, in + i * taps.stride, out + i, 1, f);
}

struct Larger {
  float operator()(float best, float x) const { return x > best || __builtin_isnan(x) ? x : best; }
  Vector operator()(Vector best, Vector x) const {
    const Ints is_number = x == x;  // NOLINT(misc-redundant-expression): a vector has no isnan
    return (x > best) | ~is_number ? x : best;
  }
};

void max_taps(const Taps& taps, const float* in, float* out, int64_t count) {
  fold_taps(taps, in, out, count, Larger());
}

void sum_taps(const Taps& taps, const float* in, float* out, int64_t count) {
  fold_taps(taps, in, out, count, [](auto sum, auto x) { return sum + x; });
}

constexpr RowKernels kRowKernels = {.elu = elu,
                                    .erf = erf,
                                    .exp = exp,
                                    .gelu = gelu,
                                    .gelu_tanh = gelu_tanh,
                                    .hard_sigmoid = hard_sigmoid,
                                    .hard_swish = hard_swish,
                                    .leaky_relu = leaky_relu,
                                    .mish = mish,
                                    .sigmoid = sigmoid,
                                    .tanh = tanh,
                                    .softmax = softmax,
                                    .moments = moments,
                                    .scale_by_one = scale_by_one,
                                    .scale_by_each = scale_by_each,
                                    .max_taps = max_taps,
                                    .sum_taps = sum_taps,
                                    .quantize = quantize,
                                    .dequantize = dequantize,
                                    .round_to = round_to};

}  // namespace
}  // namespace ridgeline::kernels::vector
