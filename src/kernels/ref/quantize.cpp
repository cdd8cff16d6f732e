#include "kernels/ref/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/ref/elements.h"
#include "kernels/ref/quant_runs.h"

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

template <typename T>
float zero_of(const QuantPairs& pairs, size_t pair) {
  return static_cast<float>(pairs.zero_point == nullptr ? T{0} : pairs.zero_point->as<T>()[pair]);
}

}  // namespace

Status quantize(const TensorView& in, const QuantPairs& pairs, const TensorView& out, ThreadPool& pool) {
  return with_quantised(out.dtype, [&](auto element) {
    using T = decltype(element);
    constexpr auto kLow = static_cast<float>(std::numeric_limits<T>::lowest());
    constexpr auto kHigh = static_cast<float>(std::numeric_limits<T>::max());
    if constexpr (sizeof(T) > 2) return wrong_type("QuantizeLinear", out.dtype);
    for_runs(in.shape.element_count(), pairs, pool, [&](int64_t first, int64_t count, size_t pair) {
      const float scale = pairs.scale.as<float>()[pair], zero = zero_of<T>(pairs, pair);
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
    for_runs(in.shape.element_count(), pairs, pool, [&](int64_t first, int64_t count, size_t pair) {
      const float scale = pairs.scale.as<float>()[pair], zero = zero_of<T>(pairs, pair);
      const T* source = in.as<T>().data() + first;
      float* target = out.as<float>().data() + first;
      for (int64_t i = 0; i < count; ++i) target[i] = (static_cast<float>(source[i]) - zero) * scale;
    });
    return Status();
  });
}

Status round_to(const TensorView& in, const Rounding& to, const TensorView& out, ThreadPool& pool) {
  const auto values = in.as<float>(), results = out.as<float>();
  pool.parallel_for(in.shape.element_count(), kElementGrain, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      const float step = std::nearbyint(values[i] / to.scale);
      results[i] = (step > to.high ? to.high : step >= to.low ? step : to.low) * to.scale;
    }
  });
  return {};
}

}  // namespace ridgeline::kernels::ref
