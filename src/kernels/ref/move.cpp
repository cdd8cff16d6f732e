#include "kernels/ref/move.h"

#include <algorithm>
#include <cstring>

#include "kernels/broadcast.h"
#include "kernels/ref/elements.h"
#include "kernels/ref/strided.h"

namespace ridgeline::kernels::ref {
namespace {

bool is_identity(const AxisSources& sources, int64_t in_dim) {
  if (static_cast<int64_t>(sources.size()) != in_dim) return false;
  for (size_t i = 0; i < sources.size(); ++i)
    if (sources[i] != static_cast<int64_t>(i)) return false;
  return true;
}

/// The input's offset behind row `row` of the output, counted over the axes of `sources`, or kNowhere.
int64_t row_source(std::span<const AxisSources> sources, const Dims& strides, int64_t row) {
  int64_t offset = 0;
  for (size_t axis = sources.size(); axis-- > 0;) {
    const auto dim = static_cast<int64_t>(sources[axis].size());
    const int64_t source = sources[axis][static_cast<size_t>(row % dim)];
    if (source == kNowhere) return kNowhere;
    offset += source * strides[axis];
    row /= dim;
  }
  return offset;
}

template <typename T>
void remap_row(const AxisSources& along, int64_t block, const T* in, T fill, T* out) {
  for (size_t i = 0; i < along.size(); ++i) {
    T* target = out + static_cast<int64_t>(i) * block;
    if (in == nullptr || along[i] == kNowhere) {
      std::fill_n(target, block, fill);
    } else if (block == 1) {
      *target = in[along[i]];
    } else {
      std::memcpy(target, in + along[i] * block, static_cast<size_t>(block) * sizeof(T));
    }
  }
}

}  // namespace

void copy(const TensorView& in, const TensorView& out, ThreadPool& pool) {
  constexpr int64_t kBytesPerChunk = 1 << 16;
  pool.parallel_for(static_cast<int64_t>(in.byte_size()), kBytesPerChunk, [&](int64_t begin, int64_t end) {
    std::memcpy(out.data + begin, in.data + begin, static_cast<size_t>(end - begin));
  });
}

void transpose(const TensorView& in, std::span<const int64_t> order, const TensorView& out,
               ThreadPool& pool) {
  const Dims in_strides = strides_of(in.shape);
  Strided source;
  for (size_t axis = 0; axis < order.size(); ++axis)
    source.strides[axis] = in_strides[static_cast<size_t>(order[axis])];
  StridedMove(out.shape.dims(), source, dense(out.shape)).run(in, out, pool);
}

void concat(std::span<const TensorView> in, size_t axis, const TensorView& out, ThreadPool& pool) {
  Strided target = dense(out.shape);
  for (const TensorView& part : in) {
    if (part.shape.element_count() > 0)
      StridedMove(part.shape.dims(), dense(part.shape), target).run(part, out, pool);
    target.offset += part.shape[axis] * target.strides[axis];
  }
}

void triangle(bool upper, int64_t diagonal, const TensorView& in, const TensorView& out, ThreadPool& pool) {
  const size_t rank = in.shape.rank();
  const int64_t rows = in.shape[rank - 2], columns = in.shape[rank - 1];
  if (in.shape.element_count() == 0) return;
  with_element_bits(in.dtype, [&](auto element) {
    using T = decltype(element);
    pool.parallel_for(in.shape.element_count() / columns, 64, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* source = in.as<T>().data() + row * columns;
        T* target = out.as<T>().data() + row * columns;
        const int64_t limit = row % rows + diagonal;
        for (int64_t i = 0; i < columns; ++i)
          target[i] = (upper ? i >= limit : i <= limit) ? source[i] : T{0};
      }
    });
  });
}

void remap(const TensorView& in, std::span<const AxisSources> sources, const std::byte* fill,
           const TensorView& out, ThreadPool& pool) {
  if (out.shape.element_count() == 0) return;
  if (sources.empty()) return copy(in, out, pool);
  size_t last = sources.size() - 1;  // the axes after it are copied in blocks
  int64_t block = 1;
  while (last > 0 && is_identity(sources[last], in.shape[last])) block *= in.shape[last--];
  int64_t rows = 1;
  for (size_t axis = 0; axis < last; ++axis) rows *= static_cast<int64_t>(sources[axis].size());
  const int64_t row_elements = static_cast<int64_t>(sources[last].size()) * block;
  const Dims strides = strides_of(in.shape);
  with_element_bits(in.dtype, [&](auto element) {
    using T = decltype(element);
    T filler{};
    if (fill != nullptr) std::memcpy(&filler, fill, sizeof(T));
    const T* source = in.as<T>().data();
    T* target = out.as<T>().data();
    const int64_t grain = std::max<int64_t>(1, kElementGrain / row_elements);
    pool.parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t offset = row_source(sources.first(last), strides, row);
        remap_row(sources[last], block, offset == kNowhere ? nullptr : source + offset, filler,
                  target + row * row_elements);
      }
    });
  });
}

}  // namespace ridgeline::kernels::ref
