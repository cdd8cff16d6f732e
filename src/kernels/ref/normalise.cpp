#include "kernels/ref/normalise.h"

#include <algorithm>
#include <cmath>

namespace ridgeline::kernels::ref {
namespace {

int64_t product(const Shape& shape, size_t from, size_t to) {
  int64_t count = 1;
  for (size_t axis = from; axis < to; ++axis) count *= shape[axis];
  return count;
}

/// One line of a softmax: `count` elements that lie `stride` apart.
void softmax_line(const float* in, float* out, int64_t count, int64_t stride, bool logarithm) {
  float largest = in[0];
  for (int64_t i = 1; i < count; ++i) largest = std::max(largest, in[i * stride]);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(in[i * stride] - largest);
  const auto log_sum = static_cast<float>(std::log(sum));
  for (int64_t i = 0; i < count; ++i) {
    const float shifted = in[i * stride] - largest;
    out[i * stride] = logarithm ? shifted - log_sum : static_cast<float>(std::exp(shifted) / sum);
  }
}

}  // namespace

void batch_norm(const TensorView& in, const BatchNormArgs& args, const TensorView& out, ThreadPool& pool) {
  const int64_t channels = in.shape[1];
  const int64_t inner = product(in.shape, 2, in.shape.rank());
  const float* source = in.as<float>().data();
  float* target = out.as<float>().data();
  pool.parallel_for(in.shape[0] * channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t c = plane % channels;
      const float scale = args.scale[c] / std::sqrt(args.variance[c] + args.epsilon);
      const float shift = args.bias[c] - args.mean[c] * scale;
      for (int64_t i = plane * inner; i < (plane + 1) * inner; ++i) target[i] = source[i] * scale + shift;
    }
  });
}

void softmax(const TensorView& in, size_t axis, bool logarithm, const TensorView& out, ThreadPool& pool) {
  const int64_t count = in.shape[axis];
  const int64_t inner = product(in.shape, axis + 1, in.shape.rank());
  const float* source = in.as<float>().data();
  float* target = out.as<float>().data();
  if (count == 0) return;
  pool.parallel_for(product(in.shape, 0, axis) * inner, 16, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t at = line / inner * inner * count + line % inner;
      softmax_line(source + at, target + at, count, inner, logarithm);
    }
  });
}

}  // namespace ridgeline::kernels::ref
