#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "serve/scheduling/batch_policy.h"
#include "serve/scheduling/close_reason.h"
#include "serve/scheduling/queue_policy.h"

namespace ridgeline::serve {

/// What one idle instance does now. Positions are those in `pending`.
struct BatchDecision {
  std::vector<size_t> run;                  ///< the batch, in its order; empty: nothing is ready
  CloseReason reason = CloseReason::kIdle;  ///< of `run`, when that is not empty
  std::vector<size_t> cancelled;            ///< dropped: nobody waits for an answer
  std::vector<size_t> expired;              ///< answered with timeout_expired()
  std::optional<TimePoint> look_again;      ///< when waiting alone changes the answer; none: never
};

/// What an instance may expect that has just answered a batch: its clients ask again, one after another, and
/// to run the first of them alone would split what fitted into one batch.
struct Expected {
  int64_t rows = 0;                    ///< with all that waits; 0: nothing
  TimePoint until = TimePoint::min();  ///< not longer
};

/// Triton's dynamic batcher as a pure function: asked by an idle instance whenever a request has arrived or
/// the instance became idle, and at `look_again`. With another idle instance at hand, ask again about what is
/// left until `run` is empty; while all are busy, sweep() is enough.
///
/// Each bucket grows a batch of its own, in the order of level, then arrival; what had its timeout under
/// kDelay comes last in its level. A bucket's batch ends at its first request that no longer fits, so that
/// small requests never overtake a large one for good. It is ready by Triton's rules: a preferred size,
/// nothing more to fit, the delay spent, no delay configured; and just before one of its requests would
/// expire. Where no delay is configured, a bucket that is alone waits for what is `expected`. Among ready
/// batches, the one whose first request comes first in that order runs, so the oldest bucket never starves; a
/// batch never runs while another bucket holds a request of a more urgent level: that one is closed early
/// instead (kShape). With preserve_ordering there is one batch, and it ends where the next request has
/// another shape.
BatchDecision decide(std::span<const Pending> pending, const BatchPolicy& policy, TimePoint now,
                     const Expected& expected = {});

/// How late a timer may ring: a batch leaves this long before one of its requests expires.
inline constexpr Nanos kTimerSlack = std::chrono::milliseconds(1);

}  // namespace ridgeline::serve
