#pragma once

#include <algorithm>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/broadcast.h"
#include "tensor/shape.h"

namespace ridgeline::kernels::ref {

/// `count` elements of a dense tensor that lie `stride` apart.
struct Line {
  int64_t index = 0;  ///< which line, in row-major order of the other axes
  int64_t start = 0;
  int64_t stride = 1;
  int64_t count = 0;
  int64_t at(int64_t i) const { return start + i * stride; }
};

/// The lines of a tensor along one axis.
class Lines {
 public:
  Lines(const Shape& shape, size_t axis) : count_(shape[axis]) {
    for (size_t i = 0; i < axis; ++i) outer_ *= shape[i];
    for (size_t i = axis + 1; i < shape.rank(); ++i) stride_ *= shape[i];
  }

  /// Calls body(Line) for each on the pool's threads; for none when the axis is empty.
  template <typename Body>
  void for_each(ThreadPool& pool, const Body& body) const {
    if (count_ == 0) return;
    const int64_t grain = std::max<int64_t>(1, kElementGrain / count_);
    pool.parallel_for(outer_ * stride_, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        body(Line{i, i / stride_ * stride_ * count_ + i % stride_, stride_, count_});
    });
  }

 private:
  int64_t count_;
  int64_t outer_ = 1;
  int64_t stride_ = 1;
};

}  // namespace ridgeline::kernels::ref
