#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "bench/statistics.h"
#include "engine/registry.h"
#include "graph/infer.h"

namespace ridgeline::cli {

/// One model at the precision that it runs in.
struct Duellist {
  const Graph& graph;
  Precision precision;
};

/// Two models on one engine, timed in alternating rounds.
struct DuelResult {
  double first_ms = 0;  ///< trimmed mean of a call
  double second_ms = 0;
  bench::Ratio speedup;  ///< of the second over the first
};

struct DuelOptions {
  int threads = 1;
  InputShapes input_shapes;
  int rounds = 20;
  CancelToken cancel{};
};

/// Feeds both the same seeded noise. Both have the same inputs. Errors are the engine's; kCancelled.
Result<DuelResult> duel(const Engine& engine, const Duellist& first, const Duellist& second,
                        const DuelOptions& options);

}  // namespace ridgeline::cli
