#include "engine/native/sessions.h"

namespace ridgeline::native {

Result<std::unique_ptr<PlannedSession>> make_session(const Graph& graph, const SessionOptions& options,
                                                     const Compilation& compilation) {
  return options.mode == ThreadingMode::kLatency ? make_latency_session(graph, options, compilation)
                                                 : make_throughput_session(graph, options, compilation);
}

}  // namespace ridgeline::native
