#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/broadcast.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// The same bytes under out's shape; nothing is to be done where they are in place.
void copy(const TensorView& in, const TensorView& out, ThreadPool& pool);

/// out's axis i is in's axis order[i]; any element type.
void transpose(const TensorView& in, std::span<const int64_t> order, const TensorView& out, ThreadPool& pool);

/// Joins `in`, alike but for `axis`.
void concat(std::span<const TensorView> in, size_t axis, const TensorView& out, ThreadPool& pool);

/// The elements of each matrix (the last two axes) on and above diagonal `diagonal`, or on and below it; 0
/// elsewhere.
void triangle(bool upper, int64_t diagonal, const TensorView& in, const TensorView& out, ThreadPool& pool);

/// Along one axis, the input's position behind each of the output's; kNowhere where there is none.
using AxisSources = std::vector<int64_t>;
constexpr int64_t kNowhere = -1;

/// out[i, j, …] = in[sources[0][i], sources[1][j], …], or a fill where any axis has kNowhere.
class Remap {
 public:
  /// One element of `sources` for each axis of the input.
  Remap(const Shape& in, std::vector<AxisSources> sources);
  /// `fill` is one element; it may be null when no axis has kNowhere.
  void run(const TensorView& in, const std::byte* fill, const TensorView& out, ThreadPool& pool) const;

 private:
  /// Neighbouring outputs of the last mapped axis whose sources are neighbours too.
  struct Stretch {
    int64_t out = 0;
    int64_t source = 0;
    int64_t count = 0;
  };
  /// Along the outer axes, of output row `row`, and of the row after.
  Dims position_of(int64_t row) const;
  void advance(Dims& position) const;
  /// Where in the input that row starts, or kNowhere.
  int64_t source_of(const Dims& position) const;
  template <typename T>
  void map_row(const T* in, T fill, T* out) const;

  std::vector<AxisSources> outer_;  ///< of the axes before the last mapped one
  std::vector<int64_t> strides_;    ///< of those, in the input
  AxisSources along_;               ///< of the last mapped one
  std::vector<Stretch> stretches_;  ///< `along_` in other words; none where they would be short
  int64_t block_ = 1;               ///< elements of the axes after it, which are copied as they are
  bool has_fill_ = false;           ///< `along_` has kNowhere
};

}  // namespace ridgeline::kernels::ref
