#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"
#include "tensor/shape.h"

namespace ridgeline::kernels {

/// Kernels keep dimensions in fixed arrays, so that none allocates. Callers refuse tensors of a higher rank.
constexpr size_t kMaxRank = 12;
using Dims = std::array<int64_t, kMaxRank>;

/// Row-major strides in elements; entries past the rank are 0.
Dims strides_of(const Shape& shape);
/// Strides that walk `shape` along the axes of `out`, aligned at the last axis; 0 where it is broadcast.
Dims broadcast_strides(const Shape& shape, const Shape& out);

/// Elements per chunk of an elementwise loop: below this a second thread costs more than it brings.
constexpr int64_t kElementGrain = 16384;

/// Walks an output in row-major order together with N inputs broadcast to it. Axes along which all inputs
/// advance evenly are merged, so equal shapes make one flat loop.
template <size_t N>
class BroadcastWalk {
 public:
  BroadcastWalk(const Shape& out, const std::array<const Shape*, N>& inputs) {
    std::array<Dims, N> strides;
    for (size_t i = 0; i < N; ++i) strides[i] = broadcast_strides(*inputs[i], out);
    for (size_t axis = 0; axis < out.rank(); ++axis) {
      if (out[axis] == 1) continue;
      if (rank_ > 0 && merges(strides, axis, out[axis])) {
        dims_[rank_ - 1] *= out[axis];
      } else {
        dims_[rank_++] = out[axis];
      }
      for (size_t i = 0; i < N; ++i) strides_[i][rank_ - 1] = strides[i][axis];
    }
    if (rank_ == 0) dims_[rank_++] = 1;
    count_ = out.element_count();
  }

  /// Calls row(first, count, offsets, strides): outputs [first, first + count) are contiguous, input i starts
  /// at offsets[i] and advances by strides[i].
  template <typename Row>
  void for_rows(ThreadPool& pool, const Row& row) const {
    pool.parallel_for(count_, kElementGrain, [&](int64_t begin, int64_t end) { walk(begin, end, row); });
  }

 private:
  bool merges(const std::array<Dims, N>& strides, size_t axis, int64_t dim) const {
    for (size_t i = 0; i < N; ++i)
      if (strides_[i][rank_ - 1] != strides[i][axis] * dim) return false;
    return true;
  }

  template <typename Row>
  void walk(int64_t begin, int64_t end, const Row& row) const {
    const size_t last = rank_ - 1;
    while (begin < end) {
      std::array<int64_t, N> offsets{};
      int64_t rest = begin;
      for (size_t axis = rank_; axis-- > 0;) {
        const int64_t at = rest % dims_[axis];
        rest /= dims_[axis];
        for (size_t i = 0; i < N; ++i) offsets[i] += at * strides_[i][axis];
      }
      const int64_t count = std::min(end - begin, dims_[last] - begin % dims_[last]);
      std::array<int64_t, N> steps;
      for (size_t i = 0; i < N; ++i) steps[i] = strides_[i][last];
      row(begin, count, offsets, steps);
      begin += count;
    }
  }

  size_t rank_ = 0;
  int64_t count_ = 0;
  Dims dims_{};
  std::array<Dims, N> strides_{};
};

}  // namespace ridgeline::kernels
