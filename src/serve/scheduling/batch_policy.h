#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "serve/time.h"

namespace ridgeline::serve {

/// A request that waits. The caller keeps them in the order of their arrival.
struct Pending {
  int64_t rows = 1;       ///< its own batch, at least 1, at most BatchPolicy::max_batch_size; never split
  uint64_t bucket = 0;    ///< only requests of one bucket (equal shapes without the batch) share a batch
  uint64_t priority = 0;  ///< as asked for, 1 the most urgent; 0 or above the levels: the default level
  Nanos timeout{0};       ///< as asked for; 0: none
  TimePoint enqueued;
  bool cancelled = false;  ///< its client is gone
};

enum class TimeoutAction {
  kReject,  ///< what expired is answered with an error
  kDelay    ///< what expired runs when nothing else of its level waits
};

/// ModelQueuePolicy of Triton's model configuration.
struct QueuePolicy {
  TimeoutAction timeout_action = TimeoutAction::kReject;
  uint64_t default_timeout_us = 0;      ///< 0: requests do not expire
  bool allow_timeout_override = false;  ///< requests may ask for less than the default, never for more
  uint32_t max_queue_size = 0;          ///< requests that may wait in one level; 0: any number

  bool operator==(const QueuePolicy&) const = default;
};

/// How requests of one model become batches: dynamic_batching of its configuration, checked and completed.
struct BatchPolicy {
  bool dynamic = true;         ///< off: every request is a batch of its own
  int64_t max_batch_size = 0;  ///< rows; 0: the model has no batch dimension, every request runs alone
  std::vector<int64_t> preferred_batch_sizes;  ///< ascending, each in [1, max_batch_size]
  Nanos max_queue_delay{0};                    ///< how long an idle instance waits for a batch to grow
  bool preserve_ordering = false;              ///< batches take requests in the order of arrival
  uint64_t priority_levels = 0;                ///< 0: one level
  uint64_t default_priority_level = 0;
  QueuePolicy default_queue_policy;
  std::map<uint64_t, QueuePolicy> priority_queue_policies;  ///< by level, in place of the default
  bool draining = false;                                    ///< the server stops: nothing is waited for
};

}  // namespace ridgeline::serve
