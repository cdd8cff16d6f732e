#pragma once

#include "cost/op_work.h"

namespace ridgeline::cost {

/// The types that values are moved as: what a DequantizeLinear leaves, and what nobody but QuantizeLinear
/// reads, as the integers that it stands for. All others as `types` has them.
ValueTypes moved_types(const Graph& graph, const ValueTypes& types);

}  // namespace ridgeline::cost
