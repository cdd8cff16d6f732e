#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "engine/engine.h"
#include "engine/native/held_memory.h"
#include "engine/native/shared_weights.h"

namespace ridgeline::native {

/// Where a session's plan comes from.
struct Compilation {
  SharedWeights& weights;
  bool is_trial = false;  ///< the session is not to be run
  std::shared_ptr<ThreadPool>
      pool{};  ///< of the options' threads, for calls that use all; none: one of its own
};

/// A session for fixed shapes.
class PlannedSession : public Session {
 public:
  virtual void count(HeldMemory& held) const = 0;
  MemoryUse memory() const final {
    HeldMemory held;
    count(held);
    return held.use();
  }
};

/// In the options' mode.
Result<std::unique_ptr<PlannedSession>> make_session(const Graph& graph, const SessionOptions& options,
                                                     const Compilation& compilation);

/// One call uses all threads.
Result<std::unique_ptr<PlannedSession>> make_latency_session(const Graph& graph,
                                                             const SessionOptions& options,
                                                             const Compilation& compilation);

/// The images of a call are shared out over the threads, each of which takes groups of up to four through all
/// layers, or single images where groups would not come out even. kUnsupported unless the first dimension of
/// every input and output counts the images and the graph takes a group. Outputs are right for graphs that
/// treat images apart from each other, as networks do at inference.
Result<std::unique_ptr<PlannedSession>> make_throughput_session(const Graph& graph,
                                                                const SessionOptions& options,
                                                                const Compilation& compilation);

}  // namespace ridgeline::native
