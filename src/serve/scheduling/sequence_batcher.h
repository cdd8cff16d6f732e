#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/status.h"
#include "serve/scheduling/decide.h"
#include "serve/scheduling/sequence.h"

namespace ridgeline::serve {

/// Which request of which sequence runs where: a state machine without clock, thread or lock. Every sequence
/// has at most one request in a batch, its requests run in the order of their arrival, and from its first to
/// its last one on one slot of one instance. Sequences without a slot wait in a backlog, the oldest first.
/// One thread at a time.
class SequenceBatcher {
 public:
  explicit SequenceBatcher(SequencePolicy policy);
  ~SequenceBatcher();
  SequenceBatcher(SequenceBatcher&&) noexcept;
  SequenceBatcher& operator=(SequenceBatcher&&) noexcept;

  /// Refuses with Triton's words: more than one row, no correlation id, no START on a sequence's first
  /// request; kUnavailable for a new sequence once stop() was called. A START in the midst of a sequence goes
  /// on in its slot, as in Triton.
  Status enqueue(const SequenceRequest& request);

  /// The batch that `instance`, which is idle, runs now. Its requests count as running until complete().
  SequenceStep step(size_t instance, TimePoint now);

  /// The batch of `instance` is done; slots of sequences that ended go to the backlog's first.
  void complete(size_t instance, TimePoint now);

  /// The client of a waiting request is gone, and so its sequence ends: the tickets of all its requests that
  /// wait, none of which runs any more. Empty when `ticket` runs already or is unknown.
  std::vector<uint64_t> cancel(uint64_t ticket, TimePoint now);

  /// Gives up sequences that were idle for max_idle, so that their slots serve others, and those whose time
  /// to wait for a slot is over. Idle counts from the last arrival or completion, whichever is later: a
  /// client that waits for a slow answer is not idle (in Triton it is).
  SequenceLapses lapse(TimePoint now);

  /// No new sequences; nothing is waited for.
  void stop();

  size_t backlog() const { return backlog_.size(); }
  /// Requests that wait, in slots and in the backlog.
  size_t waiting() const { return waiting_.size(); }

 private:
  struct Sequence;
  struct Place {
    size_t slot;
    size_t instance;
    auto operator<=>(const Place&) const = default;
  };

  Status refusal_of(const SequenceRequest& request, bool is_open) const;
  SequenceStep direct_step(size_t instance, TimePoint now) const;
  SequenceStep oldest_step(size_t instance, TimePoint now) const;
  void settle(std::shared_ptr<Sequence> sequence, TimePoint now);
  void vacate(const Place& place, TimePoint now);
  void forget(const Sequence& sequence);
  std::vector<uint64_t> drop_waiting(Sequence& sequence);
  std::vector<uint64_t> expire_backlog(TimePoint now, SequenceLapses& lapses);

  SequencePolicy policy_;
  bool stopping_ = false;
  std::vector<std::vector<std::shared_ptr<Sequence>>> slots_;  ///< [instance][slot]
  std::set<Place> free_;                                       ///< lowest slot first, over all instances
  std::deque<std::shared_ptr<Sequence>> backlog_;
  std::map<CorrelationId, std::shared_ptr<Sequence>> open_;  ///< started and not yet ended by a request
  std::map<uint64_t, std::shared_ptr<Sequence>> waiting_;    ///< by ticket
};

}  // namespace ridgeline::serve
