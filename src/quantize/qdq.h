#pragma once

#include <map>
#include <set>
#include <string>

#include "base/status.h"
#include "graph/graph.h"
#include "quantize/range.h"

namespace ridgeline::quantize {

using Ranges = std::map<std::string, Range>;

/// The prepared graph with every layer but `float_layers` in INT8, as QuantizeLinear and DequantizeLinear
/// around float operators, which engines fuse into integer ones: activations u8 per tensor, weights i8 per
/// output channel and symmetric, biases i32 at the product of both scales. A channel's weight scale is raised
/// where its bias would not fit. `ranges` has one entry per value of values_to_observe(). kInvalidArgument
/// names a layer whose weights are not finite.
Result<Graph> write_qdq(const Graph& prepared, const Ranges& ranges,
                        const std::set<std::string>& float_layers);

}  // namespace ridgeline::quantize
