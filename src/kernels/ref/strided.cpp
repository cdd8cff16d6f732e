#include "kernels/ref/strided.h"

#include <algorithm>
#include <cstring>

#include "kernels/ref/elements.h"

namespace ridgeline::kernels::ref {
namespace {

/// Rows of a tile: as many elements as a cache line holds floats.
constexpr int64_t kTile = 16;

template <typename T>
void copy_row(const T* in, int64_t in_stride, T* out, int64_t out_stride, int64_t count) {
  if (in_stride == 1 && out_stride == 1) {
    std::memcpy(out, in, static_cast<size_t>(count) * sizeof(T));
  } else if (in_stride == 0 && out_stride == 1) {
    std::fill_n(out, count, *in);
  } else {
    for (int64_t i = 0; i < count; ++i) out[i * out_stride] = in[i * in_stride];
  }
}

}  // namespace

StridedMove::StridedMove(std::span<const int64_t> dims, const Strided& in, const Strided& out)
    : in_start_(in.offset), out_start_(out.offset) {
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    is_empty_ |= dims[axis] == 0;
    if (dims[axis] != 1) add_axis({dims[axis], in.strides[axis], out.strides[axis]});
  }
  if (rank_ == 0) axes_[rank_++] = {1, 1, 1};
  const int64_t last_stride = axes_[rank_ - 1].in_stride;
  if (last_stride != 0 && last_stride != 1) pair_axes_for_tiles();
}

void StridedMove::add_axis(const Axis& axis) {
  if (rank_ > 0) {
    Axis& last = axes_[rank_ - 1];
    if (last.in_stride == axis.in_stride * axis.dim && last.out_stride == axis.out_stride * axis.dim) {
      last = {last.dim * axis.dim, axis.in_stride, axis.out_stride};
      return;
    }
  }
  axes_[rank_++] = axis;
}

void StridedMove::pair_axes_for_tiles() {
  const auto last = axes_.begin() + static_cast<std::ptrdiff_t>(rank_) - 1;
  const auto is_dense = [](const Axis& axis) { return axis.in_stride == 1 && axis.dim > 1; };
  const auto dense = std::find_if(axes_.begin(), last, is_dense);
  if (dense == last) return;
  std::rotate(dense, dense + 1, last);
  is_tiled_ = true;
}

StridedMove::Place StridedMove::at(int64_t index, size_t axes) const {
  Place place{.in = in_start_, .out = out_start_};
  for (size_t axis = axes; axis-- > 0;) {
    const int64_t position = index % axes_[axis].dim;
    index /= axes_[axis].dim;
    place.position[axis] = position;
    place.in += position * axes_[axis].in_stride;
    place.out += position * axes_[axis].out_stride;
  }
  return place;
}

void StridedMove::advance(Place& place, size_t axes) const {
  for (size_t axis = axes; axis-- > 0;) {
    const Axis& along = axes_[axis];
    place.in += along.in_stride;
    place.out += along.out_stride;
    if (++place.position[axis] < along.dim) return;
    place.position[axis] = 0;
    place.in -= along.dim * along.in_stride;
    place.out -= along.dim * along.out_stride;
  }
}

template <typename T>
void StridedMove::copy_rows(const T* in, T* out, ThreadPool& pool) const {
  int64_t rows = 1;
  for (size_t axis = 0; axis + 1 < rank_; ++axis) rows *= axes_[axis].dim;
  const Axis& inner = axes_[rank_ - 1];
  const int64_t pieces = (inner.dim + kElementGrain - 1) / kElementGrain;  // of each row
  const int64_t grain = std::max<int64_t>(1, kElementGrain / inner.dim);
  pool.parallel_for(rows * pieces, grain, [&](int64_t begin, int64_t end) {
    Place row = at(begin / pieces, rank_ - 1);
    int64_t piece = begin % pieces;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = piece * kElementGrain;
      copy_row(in + row.in + first * inner.in_stride, inner.in_stride,
               out + row.out + first * inner.out_stride, inner.out_stride,
               std::min(kElementGrain, inner.dim - first));
      if (++piece < pieces) continue;
      piece = 0;
      advance(row, rank_ - 1);
    }
  });
}

template <typename T>
void StridedMove::copy_tiles(const T* in, T* out, ThreadPool& pool) const {
  int64_t planes = 1;
  for (size_t axis = 0; axis + 2 < rank_; ++axis) planes *= axes_[axis].dim;
  const Axis &dense = axes_[rank_ - 2], &inner = axes_[rank_ - 1];
  const int64_t bands = (dense.dim + kTile - 1) / kTile;
  const int64_t grain = std::max<int64_t>(1, kElementGrain / (kTile * inner.dim));
  pool.parallel_for(planes * bands, grain, [&](int64_t begin, int64_t end) {
    for (int64_t band = begin; band < end; ++band) {
      const Place plane = at(band / bands, rank_ - 2);
      const int64_t first = band % bands * kTile;
      const int64_t count = std::min(kTile, dense.dim - first);
      const T* source = in + plane.in + first;
      T* target = out + plane.out + first * dense.out_stride;
      for (int64_t j = 0; j < inner.dim; ++j)
        for (int64_t i = 0; i < count; ++i)
          target[i * dense.out_stride + j * inner.out_stride] = source[i + j * inner.in_stride];
    }
  });
}

void StridedMove::run(const TensorView& in, const TensorView& out, ThreadPool& pool) const {
  if (is_empty_) return;
  with_element_bits(in.dtype, [&](auto element) {
    using T = decltype(element);
    const T* source = in.as<T>().data();
    T* target = out.as<T>().data();
    return is_tiled_ ? copy_tiles(source, target, pool) : copy_rows(source, target, pool);
  });
}

}  // namespace ridgeline::kernels::ref
