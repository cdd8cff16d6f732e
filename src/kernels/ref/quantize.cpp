#include "kernels/ref/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/broadcast.h"
#include "kernels/ref/elements.h"

namespace ridgeline::kernels::ref {
namespace {

/// Calls body(T{}) for the integers that models are quantised to.
template <typename Body>
Status with_quantised(DType dtype, Body body) {
  std::optional<Status> done;
  with_element_type(dtype, [&](auto element) {
    using T = decltype(element);
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> && sizeof(T) <= 4) done = body(element);
  });
  return done ? *std::move(done) : wrong_type("quantisation", dtype);
}

/// Calls body(first, count, scale, zero point) for stretches of elements that share a pair.
template <typename T, typename Body>
void for_runs(int64_t elements, const QuantPairs& pairs, ThreadPool& pool, const Body& body) {
  const int64_t count = pairs.scale.shape.element_count();
  const int64_t run = count == 1 ? elements : pairs.run;
  pool.parallel_for(elements, kElementGrain, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const auto pair = static_cast<size_t>(begin / run % count);
      const int64_t length = std::min(end - begin, run - begin % run);
      const T zero = pairs.zero_point == nullptr ? T{0} : pairs.zero_point->as<T>()[pair];
      body(begin, length, pairs.scale.as<float>()[pair], static_cast<float>(zero));
      begin += length;
    }
  });
}

}  // namespace

Status quantize(const TensorView& in, const QuantPairs& pairs, const TensorView& out, ThreadPool& pool) {
  return with_quantised(out.dtype, [&](auto element) {
    using T = decltype(element);
    constexpr auto kLow = static_cast<float>(std::numeric_limits<T>::lowest());
    constexpr auto kHigh = static_cast<float>(std::numeric_limits<T>::max());
    if constexpr (sizeof(T) > 2) return wrong_type("QuantizeLinear", out.dtype);
    for_runs<T>(in.shape.element_count(), pairs, pool,
                [&](int64_t first, int64_t count, float scale, float zero) {
                  const float* source = in.as<float>().data() + first;
                  T* target = out.as<T>().data() + first;
                  for (int64_t i = 0; i < count; ++i) {
                    const float value = std::nearbyint(source[i] / scale) + zero;
                    // NaN fails both comparisons and becomes the lowest value.
                    target[i] = static_cast<T>(value > kHigh ? kHigh : value >= kLow ? value : kLow);
                  }
                });
    return Status();
  });
}

Status dequantize(const TensorView& in, const QuantPairs& pairs, const TensorView& out, ThreadPool& pool) {
  return with_quantised(in.dtype, [&](auto element) {
    using T = decltype(element);
    for_runs<T>(in.shape.element_count(), pairs, pool,
                [&](int64_t first, int64_t count, float scale, float zero) {
                  const T* source = in.as<T>().data() + first;
                  float* target = out.as<float>().data() + first;
                  for (int64_t i = 0; i < count; ++i)
                    target[i] = (static_cast<float>(source[i]) - zero) * scale;
                });
    return Status();
  });
}

}  // namespace ridgeline::kernels::ref
