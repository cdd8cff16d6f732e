#pragma once

#include "base/status.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// The largest (or smallest) elements of each line along `axis`, best first, equal ones in the order of their
/// positions; as many as the outputs have there. The indices (i64) get their positions. kUnsupported for
/// bool.
struct TopKOutputs {
  const TensorView& values;
  const TensorView& indices;
};
Status top_k(bool largest, const TensorView& in, size_t axis, const TopKOutputs& out, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
