#pragma once

#include <cstdint>

#include "base/status.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

// Indices are i32 or i64 and count from the end where negative; one outside its axis is kInvalidArgument and
// leaves the output undefined. Elements are of any type of fixed size.

/// out[a…, i…, b…] = in[a…, indices[i…], b…], where a… are the axes before `axis`.
Status gather(const TensorView& in, const TensorView& indices, size_t axis, const TensorView& out,
              ThreadPool& pool);

/// out[i, j, …] = in[i, j, …] with the position along `axis` replaced by indices[i, j, …].
Status gather_elements(const TensorView& in, const TensorView& indices, size_t axis, const TensorView& out);

/// The last axis of `indices` names a position of the axes after the first `batch_axes`, which both share.
Status gather_nd(const TensorView& in, const TensorView& indices, size_t batch_axes, const TensorView& out,
                 ThreadPool& pool);

/// What becomes of an element that an update meets.
enum class Scatter { kReplace, kAdd, kMultiply, kMax, kMin };

/// out = in, with updates[i, j, …] put at [i, j, …], the position along `axis` replaced by indices[i, j, …].
struct ScatterArgs {
  const TensorView& indices;
  const TensorView& updates;
  Scatter rule = Scatter::kReplace;
};
Status scatter_elements(const TensorView& in, const ScatterArgs& args, size_t axis, const TensorView& out,
                        ThreadPool& pool);

/// out = in, with blocks of `updates` put where the last axis of `indices` names.
Status scatter_nd(const TensorView& in, const ScatterArgs& args, const TensorView& out, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
