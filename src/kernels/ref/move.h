#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace ridgeline::kernels::ref {

/// The same bytes under out's shape.
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

/// out[i, j, …] = in[sources[0][i], sources[1][j], …], or the one element at `fill` where any axis has
/// kNowhere. `fill` may be null when none has.
void remap(const TensorView& in, std::span<const AxisSources> sources, const std::byte* fill,
           const TensorView& out, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
