#pragma once

#include "engine/engine.h"
#include "graph/infer.h"

namespace ridgeline {

/// A graph's inputs and outputs with their inferred types; kUnsupported, naming the value, where a shape is
/// not static.
Result<Signature> static_signature(const Graph& graph, const TypeMap& types);

/// One entry per output for Session::run, each to be lent the session's own memory.
std::vector<TensorView> lent_outputs(const Signature& signature);

}  // namespace ridgeline
