#pragma once

#include "base/status.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// The largest (or smallest) elements of each line along `axis`, best first, equal ones in the order of their
/// positions; as many as out has there. `indices` (i64) gets their positions. kUnsupported for bool.
Status top_k(bool largest, const TensorView& in, size_t axis, const TensorView& out,
             const TensorView& indices, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
