#pragma once

#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/window.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// `planes` images × channels, each pooled by `window`.
struct PoolDesc {
  int64_t planes = 1;
  Window window;
};

/// Where each maximum was in the whole input (one for each output; null for not wanted), counted
/// row-major or, by `column_major`, with the spatial axes reversed.
struct MaxPositions {
  int64_t* indices = nullptr;
  bool column_major = false;
};
/// in is [planes, window.in…], out [planes, window.out…] of the same number type. Windows that lie wholly in
/// the padding give the lowest value and index -1. NaN wins.
Status max_pool(const PoolDesc& desc, const TensorView& in, const TensorView& out,
                const MaxPositions& positions, ThreadPool& pool);

/// How an average counts the elements of a window that lie in the padding.
struct AveragePadding {
  bool counted = false;
  Size3 pad_end{0, 0, 0};  ///< positions past these belong to no padding (ceil_mode) and are never counted
};
/// Taps along `axis` of the window at output position `out` that an average counts.
int64_t counted_taps(const Window& window, const AveragePadding& padding, size_t axis, int64_t out);
Status average_pool(const PoolDesc& desc, const AveragePadding& padding, const TensorView& in,
                    const TensorView& out, ThreadPool& pool);

/// (Σ |x|^p)^(1/p) over the window.
Status lp_pool(const PoolDesc& desc, int64_t p, const TensorView& in, const TensorView& out,
               ThreadPool& pool);

/// Scatters `in` to the positions that max_pool's indices name in a tensor of shape `pooled`; all else is 0.
/// out may be larger along any axis. kInvalidArgument for an index outside.
Status max_unpool(const TensorView& in, const TensorView& indices, const Shape& pooled,
                  const TensorView& out);

}  // namespace ridgeline::kernels::ref
