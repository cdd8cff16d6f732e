#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "kernels/broadcast.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// Where the elements of a tensor lie that a move reads or writes, in elements. A source may stand still
/// along an axis (0) or walk it backwards.
struct Strided {
  int64_t offset = 0;
  Dims strides{};
};

/// Copies `dims` elements from one layout to another: slices, transposes, tiles and joins are all this.
/// Making one costs little and allocates nothing.
class StridedMove {
 public:
  /// At most kMaxRank axes.
  StridedMove(std::span<const int64_t> dims, const Strided& in, const Strided& out);

  /// Both of one element type, which only its size matters of.
  void run(const TensorView& in, const TensorView& out, ThreadPool& pool) const;

 private:
  struct Axis {
    int64_t dim = 1;
    int64_t in_stride = 0;
    int64_t out_stride = 0;
  };
  /// A position along the first axes, and where it lies.
  struct Place {
    Dims position{};
    int64_t in = 0;
    int64_t out = 0;
  };

  void add_axis(const Axis& axis);
  /// Puts an axis along which the source is dense beside the last one, where there is such an axis.
  void pair_axes_for_tiles();
  /// Position `index` of the first `axes` axes, and the one after: no division, which takes longer than
  /// copying a short row.
  Place at(int64_t index, size_t axes) const;
  void advance(Place& place, size_t axes) const;
  template <typename T>
  void copy_rows(const T* in, T* out, ThreadPool& pool) const;
  template <typename T>
  void copy_tiles(const T* in, T* out, ThreadPool& pool) const;

  size_t rank_ = 0;
  bool is_tiled_ = false;  ///< the last two axes change places between source and target
  bool is_empty_ = false;
  int64_t in_start_ = 0, out_start_ = 0;
  std::array<Axis, kMaxRank> axes_{};
};

/// A tensor's layout as a whole.
inline Strided dense(const Shape& shape) { return {0, strides_of(shape)}; }

}  // namespace ridgeline::kernels::ref
