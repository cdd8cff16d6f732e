#include "kernels/ref/move.h"

#include <cstring>

#include "kernels/broadcast.h"
#include "kernels/ref/elements.h"

namespace ridgeline::kernels::ref {

void copy(const TensorView& in, const TensorView& out) {
  if (in.byte_size() > 0) std::memcpy(out.data, in.data, in.byte_size());
}

void transpose(const TensorView& in, std::span<const int64_t> order, const TensorView& out,
               ThreadPool& pool) {
  const Dims in_strides = strides_of(in.shape);
  const size_t rank = order.size();
  with_element_bits(in.dtype, [&](auto element) {
    using T = decltype(element);
    const T* source = in.as<T>().data();
    T* target = out.as<T>().data();
    pool.parallel_for(out.shape.element_count(), kElementGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t rest = i;
        int64_t from = 0;
        for (size_t axis = rank; axis-- > 0;) {
          from += rest % out.shape[axis] * in_strides[static_cast<size_t>(order[axis])];
          rest /= out.shape[axis];
        }
        target[i] = source[from];
      }
    });
  });
}

void concat(std::span<const TensorView> in, size_t axis, const TensorView& out) {
  const auto tail_bytes = [&](const TensorView& view) {
    int64_t count = 1;
    for (size_t i = axis; i < view.shape.rank(); ++i) count *= view.shape[i];
    return static_cast<size_t>(count) * size_of(view.dtype);
  };
  const size_t row_bytes = tail_bytes(out);
  if (row_bytes == 0) return;
  const size_t rows = out.byte_size() / row_bytes;
  size_t at = 0;
  for (const TensorView& part : in) {
    const size_t bytes = tail_bytes(part);
    for (size_t row = 0; row < rows && bytes > 0; ++row)
      std::memcpy(out.data + row * row_bytes + at, part.data + row * bytes, bytes);
    at += bytes;
  }
}

}  // namespace ridgeline::kernels::ref
