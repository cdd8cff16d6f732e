#pragma once

#include "engine/native/step.h"
#include "kernels/pool.h"

namespace ridgeline::native {

/// A MaxPool without indices or an AveragePool as kernels see it, over planes of `x`. kUnsupported, naming
/// the node, for ranks and outputs that they do not take.
Result<kernels::PoolCase> describe_pool(const Node& node, const Shape& x);

/// The step of one implementation.
Built build_pool(const BuildContext& context, const kernels::PoolCase& pool, const kernels::PoolImpl& impl);

}  // namespace ridgeline::native
