#include "kernels/ref/pool.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/broadcast.h"
#include "kernels/ref/elements.h"

namespace ridgeline::kernels::ref {
namespace {

/// Calls visit(position in the plane) for every tap of the window at `at` that falls inside the input.
template <typename Visit>
void for_taps(const Window& w, const Size3& at, Visit visit) {
  const Range depths = taps_inside(w, 0, at[0]);
  const Range rows = taps_inside(w, 1, at[1]);
  const Range columns = taps_inside(w, 2, at[2]);
  for (int64_t kd = depths.begin; kd < depths.end; ++kd) {
    const int64_t d = at[0] * w.stride[0] - w.pad[0] + kd * w.dilation[0];
    for (int64_t kh = rows.begin; kh < rows.end; ++kh) {
      const int64_t h = at[1] * w.stride[1] - w.pad[1] + kh * w.dilation[1];
      for (int64_t kw = columns.begin; kw < columns.end; ++kw) {
        const int64_t c = at[2] * w.stride[2] - w.pad[2] + kw * w.dilation[2];
        visit((d * w.in[1] + h) * w.in[2] + c);
      }
    }
  }
}

/// Calls body(plane, position in the output plane, output coordinates) for all outputs.
template <typename Body>
void for_outputs(const PoolDesc& desc, ThreadPool& pool, const Body& body) {
  const Size3& out = desc.window.out;
  pool.parallel_for(desc.planes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane)
      for (int64_t d = 0, i = 0; d < out[0]; ++d)
        for (int64_t h = 0; h < out[1]; ++h)
          for (int64_t c = 0; c < out[2]; ++c, ++i) body(plane, i, Size3{d, h, c});
  });
}

int64_t column_major_position(const Window& w, int64_t position) {
  const int64_t c = position % w.in[2], h = position / w.in[2] % w.in[1], d = position / (w.in[1] * w.in[2]);
  return (c * w.in[1] + h) * w.in[0] + d;
}

}  // namespace

int64_t counted_taps(const Window& w, const AveragePadding& padding, size_t axis, int64_t out) {
  const Range inside = taps_inside(w, axis, out);
  if (!padding.counted) return inside.end - inside.begin;
  const int64_t origin = out * w.stride[axis] - w.pad[axis];
  const int64_t limit = w.in[axis] + padding.pad_end[axis];
  const int64_t reached = (limit - origin + w.dilation[axis] - 1) / w.dilation[axis];
  return std::clamp<int64_t>(reached, 0, w.kernel[axis]);
}

Status max_pool(const PoolDesc& desc, const TensorView& in, const TensorView& out,
                const MaxPositions& positions, ThreadPool& pool) {
  return with_number(in.dtype, "MaxPool", [&](auto element) {
    using T = decltype(element);
    using Limits = std::numeric_limits<Compute<T>>;
    const Window& w = desc.window;
    int64_t* index = positions.indices;
    for_outputs(desc, pool, [&](int64_t plane, int64_t i, const Size3& at) {
      const T* source = in.as<T>().data() + plane * volume(w.in);
      Compute<T> best = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
      int64_t best_at = -1;
      for_taps(w, at, [&](int64_t position) {
        const Compute<T> value = widen(source[position]);
        if (best_at >= 0 && !(value > best) && !std::isnan(static_cast<double>(value))) return;
        best = value;
        best_at = position;
      });
      out.as<T>()[static_cast<size_t>(plane * volume(w.out) + i)] = static_cast<T>(best);
      if (index == nullptr) return;
      const int64_t position =
          positions.column_major && best_at >= 0 ? column_major_position(w, best_at) : best_at;
      index[plane * volume(w.out) + i] = position < 0 ? -1 : plane * volume(w.in) + position;
    });
    return Status();
  });
}

Status average_pool(const PoolDesc& desc, const AveragePadding& padding, const TensorView& in,
                    const TensorView& out, ThreadPool& pool) {
  return with_float(in.dtype, "AveragePool", [&](auto element) {
    using T = decltype(element);
    const Window& w = desc.window;
    for_outputs(desc, pool, [&](int64_t plane, int64_t i, const Size3& at) {
      const T* source = in.as<T>().data() + plane * volume(w.in);
      Compute<T> sum = 0;
      for_taps(w, at, [&](int64_t position) { sum += widen(source[position]); });
      int64_t taps = 1;
      for (size_t axis = 0; axis < 3; ++axis) taps *= counted_taps(w, padding, axis, at[axis]);
      const auto count = static_cast<Compute<T>>(taps);
      out.as<T>()[static_cast<size_t>(plane * volume(w.out) + i)] = static_cast<T>(sum / count);
    });
    return Status();
  });
}

Status lp_pool(const PoolDesc& desc, int64_t p, const TensorView& in, const TensorView& out,
               ThreadPool& pool) {
  return with_float(in.dtype, "LpPool", [&](auto element) {
    using T = decltype(element);
    using C = Compute<T>;
    const Window& w = desc.window;
    const auto power = static_cast<C>(p);
    for_outputs(desc, pool, [&](int64_t plane, int64_t i, const Size3& at) {
      const T* source = in.as<T>().data() + plane * volume(w.in);
      C sum = 0;
      for_taps(w, at, [&](int64_t position) { sum += std::pow(std::abs(widen(source[position])), power); });
      out.as<T>()[static_cast<size_t>(plane * volume(w.out) + i)] = static_cast<T>(std::pow(sum, 1 / power));
    });
    return Status();
  });
}

Status max_unpool(const TensorView& in, const TensorView& indices, const Shape& pooled,
                  const TensorView& out) {
  std::memset(out.data, 0, out.byte_size());
  const auto positions = indices.as<int64_t>();
  const int64_t count = pooled.element_count();
  for (int64_t position : positions)
    if (position < 0 || position >= count)
      return invalid_argument("MaxUnpool: index {} lies outside {}", position, pooled.to_string());
  const Dims strides = strides_of(out.shape);
  const auto offset = [&](int64_t position) {
    int64_t sum = 0;
    for (size_t axis = pooled.rank(); axis-- > 0; position /= pooled[axis])
      sum += position % pooled[axis] * strides[axis];
    return static_cast<size_t>(sum);
  };
  with_element_bits(in.dtype, [&](auto bits) {
    using T = decltype(bits);
    for (size_t i = 0; i < positions.size(); ++i) out.as<T>()[offset(positions[i])] = in.as<T>()[i];
  });
  return {};
}

}  // namespace ridgeline::kernels::ref
