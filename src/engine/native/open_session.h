#pragma once

#include <memory>

#include "engine/engine.h"
#include "engine/native/shared_weights.h"

namespace ridgeline::native {

/// Whether some dimension of an input is open: neither the graph nor the options fix it.
bool has_open_inputs(const Graph& graph, const SessionOptions& options);

/// A session for whatever shapes the open dimensions leave, which its signature has as unknown. A plan is
/// made when its shapes first come, over weights that all have in common; those of the shapes that came last
/// are kept. What run() cannot make a plan for it refuses as compiling would, and goes on.
Result<std::unique_ptr<Session>> make_open_session(const Graph& graph, const SessionOptions& options,
                                                   std::shared_ptr<SharedWeights> weights);

}  // namespace ridgeline::native
