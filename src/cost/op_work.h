#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "cost/work.h"
#include "graph/infer.h"

namespace ridgeline::cost {

/// Types by value name; an absent name or shape is unknown. Values of subgraphs included.
using ValueTypes = TypeMap;

/// Whether operators of this name can be costed at all. Ops that hold subgraphs can: analysis.h sums their
/// bodies.
bool has_cost_row(std::string_view domain, std::string_view op);

/// The least work of one operator without subgraphs. An arithmetic operation, a comparison and a call of a
/// transcendental function are one FLOP each; a multiply-accumulate two. A bias costs nothing: it is the
/// sum's first value. kUnsupported when the op has no row, or when a shape or element size that the formula
/// needs is not known.
Result<Work> work_of(const Node& node, const ValueTypes& types);

/// The window of a convolution or pooling: "3x3", with its stride "7x7/2"; "" for other ops.
std::string kernel_of(const Node& node, const ValueTypes& types);

}  // namespace ridgeline::cost
