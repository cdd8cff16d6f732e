// Included by one file per instruction set, which sets kLanes. Everything is local to that file, so that no
// other can be linked to code which its CPU lacks.

#include "kernels/vector/functions_body.h"
#include "kernels/vector/row_kernels.h"
#include "kernels/vector/softmax_body.h"

namespace ridgeline::kernels::vector {
namespace {

template <typename F>
void map_row(const float* in, float* out, int64_t count, F f) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(out + i, f(load(in + i)));
  if (i < count) store_some(out + i, f(load_some(in + i, count - i)), count - i);
}

void elu(const float* in, float* out, int64_t count, float alpha, float) {
  map_row(in, out, count, [alpha](Vector x) { return x < 0 ? alpha * expm1_of(x) : x; });
}
void erf(const float* in, float* out, int64_t count, float, float) { map_row(in, out, count, erf_of); }
void exp(const float* in, float* out, int64_t count, float, float) { map_row(in, out, count, exp_of); }
void gelu(const float* in, float* out, int64_t count, float, float) {
  map_row(in, out, count, [](Vector x) { return x * 0.5F * (1 + erf_of(x * 0.70710678118F)); });
}
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

template <int64_t stride>
void max_into_by(const float* __restrict in, int64_t count, float* __restrict out) {
  for (int64_t i = 0; i < count; ++i) {
    const float x = in[i * stride], best = out[i];
    out[i] = x > best || x != x ? x : best;
  }
}

void max_into(const float* in, int64_t stride, int64_t count, float* out) {
  if (stride == 1) return max_into_by<1>(in, count, out);
  if (stride == 2) return max_into_by<2>(in, count, out);
  for (int64_t i = 0; i < count; ++i) max_into_by<1>(in + i * stride, 1, out + i);
}

template <int64_t stride>
void add_into_by(const float* __restrict in, int64_t count, float* __restrict out) {
  for (int64_t i = 0; i < count; ++i) out[i] += in[i * stride];
}

void add_into(const float* in, int64_t stride, int64_t count, float* out) {
  if (stride == 1) return add_into_by<1>(in, count, out);
  if (stride == 2) return add_into_by<2>(in, count, out);
  for (int64_t i = 0; i < count; ++i) out[i] += in[i * stride];
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
                                    .max_into = max_into,
                                    .add_into = add_into};

}  // namespace
}  // namespace ridgeline::kernels::vector
