#pragma once

#include <memory>

#include "engine/engine.h"
#include "engine/native/shared_weights.h"

namespace ridgeline::native {

/// Where a session's plan comes from.
struct Compilation {
  SharedWeights& weights;
  bool is_trial = false;  ///< the session is not to be run
};

/// One call uses all threads.
Result<std::unique_ptr<Session>> make_latency_session(const Graph& graph, const SessionOptions& options,
                                                      const Compilation& compilation);

/// The images of a call are shared out over the threads, each of which runs whole images one by one.
/// kUnsupported unless the first dimension of every input and output counts the images and the graph takes a
/// single one. Outputs are right for graphs that treat images apart from each other, as networks do at
/// inference.
Result<std::unique_ptr<Session>> make_throughput_session(const Graph& graph, const SessionOptions& options,
                                                         const Compilation& compilation);

}  // namespace ridgeline::native
