#pragma once

#include "engine/engine.h"
#include "graph/infer.h"

namespace ridgeline {

/// A graph's inputs and outputs with their inferred types; kUnsupported, naming the value, where a shape is
/// not static.
Result<Signature> static_signature(const Graph& graph, const TypeMap& types);

}  // namespace ridgeline
