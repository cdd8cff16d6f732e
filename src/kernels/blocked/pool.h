#pragma once

#include "kernels/pool.h"

namespace ridgeline::kernels::blocked {

/// Best first; none may take a case. Planes are blocks, and tensors theirs.
std::span<const PoolImpl> pool_impls();

}  // namespace ridgeline::kernels::blocked
