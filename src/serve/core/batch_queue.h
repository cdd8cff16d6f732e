#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "serve/core/scheduler.h"
#include "serve/core/waiting_list.h"
#include "serve/core/watch.h"
#include "serve/scheduling/batch_cost.h"
#include "serve/scheduling/batch_policy.h"
#include "serve/scheduling/decide.h"

namespace ridgeline::serve {

/// The queue of a model without sequences: decide() says what runs.
class BatchQueue final : public Scheduler, public std::enable_shared_from_this<BatchQueue> {
 public:
  /// `watch` outlives this.
  BatchQueue(BatchPolicy policy, Watch& watch) : policy_(std::move(policy)), watch_(&watch) {}

  void put(std::shared_ptr<Request> request) override;
  std::optional<Batch> take(size_t instance) override;
  void executed(size_t instance) override;
  void done(size_t) override {}
  std::optional<TimePoint> sweep(TimePoint now) override;
  void drain() override;
  void stop() override;

 private:
  using Requests = WaitingList::Requests;
  /// What leaves the queue without having run.
  struct Dropped {
    Requests cancelled;
    Requests expired;
    bool empty() const { return cancelled.empty() && expired.empty(); }
    void tell() const;
  };

  /// What an instance has taken last, and what waited when that had run.
  struct Last {
    int64_t rows = 0;
    int64_t rows_waiting = 0;
    TimePoint taken;
    TimePoint executed;
    BatchCost cost;  ///< of this and all before
  };

  Expected expected_of(size_t instance, TimePoint now) const;
  /// How much of the queue one decision looks at.
  size_t window() const;

  BatchPolicy policy_;
  Watch* watch_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  WaitingList waiting_;
  std::map<size_t, Last> last_;              ///< by instance
  TimePoint next_sweep_ = TimePoint::max();  ///< that the watch has been told of
  size_t idle_ = 0;
  uint64_t places_ = 0;
  bool stopped_ = false;
};

}  // namespace ridgeline::serve
