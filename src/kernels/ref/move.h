#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// The same bytes under out's shape.
void copy(const TensorView& in, const TensorView& out);

/// out's axis i is in's axis order[i]; any element type.
void transpose(const TensorView& in, std::span<const int64_t> order, const TensorView& out, ThreadPool& pool);

/// Joins `in`, alike but for `axis`.
void concat(std::span<const TensorView> in, size_t axis, const TensorView& out);

}  // namespace ridgeline::kernels::ref
