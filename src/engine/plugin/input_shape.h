#pragma once

#include "engine/engine.h"

namespace ridgeline::plugin {

/// The static shape to compile an input for: the one that `options` names, where it fits what the model says
/// (`input`, with kUnknownDim for open dimensions), else the model's own. kInvalidArgument where neither is
/// one.
Result<Shape> shape_to_compile(const ValueInfo& input, const SessionOptions& options);

}  // namespace ridgeline::plugin
