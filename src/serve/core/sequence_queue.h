#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "serve/core/scheduler.h"
#include "serve/core/sequence_inputs.h"
#include "serve/core/watch.h"
#include "serve/scheduling/sequence_batcher.h"

namespace ridgeline::serve {

/// The queue of a model with sequences: SequenceBatcher says what runs.
class SequenceQueue final : public Scheduler, public std::enable_shared_from_this<SequenceQueue> {
 public:
  /// `watch` outlives this.
  SequenceQueue(SequencePolicy policy, std::shared_ptr<SequenceInputs> inputs, Watch& watch);

  void put(std::shared_ptr<Request> request) override;
  std::optional<Batch> take(size_t instance) override;
  void done(size_t instance) override;
  std::optional<TimePoint> sweep(TimePoint now) override;
  void drain() override;
  void stop() override;

 private:
  using Requests = std::vector<std::shared_ptr<Request>>;

  std::shared_ptr<Request> leave(uint64_t ticket);
  Requests leave(const std::vector<uint64_t>& tickets);
  Requests drop_gone(TimePoint now);
  Batch batch_of(const SequenceStep& step, size_t instance);

  std::shared_ptr<SequenceInputs> inputs_;
  Watch* watch_;
  Nanos max_idle_;
  std::mutex mutex_;
  std::condition_variable changed_;
  SequenceBatcher batcher_;
  std::map<uint64_t, std::shared_ptr<Request>> waiting_;  ///< by ticket
  uint64_t tickets_ = 0;
  uint64_t places_ = 0;
  bool watched_ = false;
  bool stopped_ = false;
};

}  // namespace ridgeline::serve
