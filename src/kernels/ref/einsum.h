#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/broadcast.h"

namespace ridgeline::kernels::ref {

constexpr size_t kMaxEinsumOperands = 4;

/// Labels of an equation and, for each operand, how far it advances along each: 0 where it does not have the
/// label, the sum of its strides where it has it twice.
struct EinsumDesc {
  std::vector<int64_t> out_dims, summed_dims;
  struct Operand {
    Dims out_strides{};
    Dims summed_strides{};
  };
  std::vector<Operand> operands;  ///< at most kMaxEinsumOperands
};

/// out (dense over out_dims) = Σ over summed_dims of the operands' product, FP32.
void einsum(const EinsumDesc& desc, const std::array<const float*, kMaxEinsumOperands>& in, float* out,
            ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
