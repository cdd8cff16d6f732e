#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "serve/core/request.h"
#include "serve/scheduling/close_reason.h"

namespace ridgeline::serve {

/// What one instance runs at once.
struct Batch {
  std::vector<std::shared_ptr<Request>> requests;
  /// What the instance is given where that is more: requests, and padding between them.
  std::vector<std::shared_ptr<Job>> padded;
  CloseReason reason = CloseReason::kIdle;
  TimePoint instance_idle;  ///< since when the instance was free for it
  uint64_t place = 0;       ///< among the queue's batches, from 0
};

/// Holds the requests to one version of a model until its instances take them. Thread-safe; calls clients
/// only without its lock.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// What may not wait is refused.
  virtual void put(std::shared_ptr<Request> request) = 0;
  /// Blocks until there is a batch for the instance; none: it is to end. One thread for each instance.
  virtual std::optional<Batch> take(size_t instance) = 0;
  /// The batch that the instance took last has run; its clients are answered next.
  virtual void executed(size_t) {}
  /// They are.
  virtual void done(size_t instance) = 0;
  /// Answers those that time has ended while all instances are busy; when to call it again, if ever.
  virtual std::optional<TimePoint> sweep(TimePoint now) = 0;
  /// Nothing is waited for any more: batches leave as they are.
  virtual void drain() = 0;
  /// Refuses what waits and what comes; take() ends.
  virtual void stop() = 0;
};

}  // namespace ridgeline::serve
