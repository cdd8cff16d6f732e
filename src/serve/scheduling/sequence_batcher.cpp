#include "serve/scheduling/sequence_batcher.h"

#include <algorithm>

namespace ridgeline::serve {

struct SequenceBatcher::Sequence {
  CorrelationId id;
  std::deque<SequenceRequest> waiting;
  bool running = false;  ///< one of its requests is in a batch
  bool ended = false;    ///< takes no more requests
  std::optional<Place> place;
  TimePoint last_active;
  TimePoint expires = TimePoint::max();  ///< while it is in the backlog
};

namespace {

bool is_none(const CorrelationId& id) {
  const auto* name = std::get_if<std::string>(&id);
  return name != nullptr ? name->empty() : std::get<uint64_t>(id) == 0;
}

std::string text_of(const CorrelationId& id) {
  const auto* name = std::get_if<std::string>(&id);
  return name != nullptr ? *name : std::to_string(std::get<uint64_t>(id));
}

SequenceRow row_of(const SequenceRequest& request, size_t slot) {
  return {request.ticket, slot, request.start, request.end, true, request.sequence};
}

}  // namespace

Status sequence_expired() { return unavailable("timeout of the corresponding sequence has been expired"); }

SequenceBatcher::SequenceBatcher(SequencePolicy policy) : policy_(std::move(policy)) {
  slots_.assign(policy_.instances, std::vector<std::shared_ptr<Sequence>>(policy_.slots));
  for (size_t instance = 0; instance < policy_.instances; ++instance)
    for (size_t slot = 0; slot < policy_.slots; ++slot) free_.insert({slot, instance});
}

SequenceBatcher::~SequenceBatcher() = default;
SequenceBatcher::SequenceBatcher(SequenceBatcher&&) noexcept = default;
SequenceBatcher& SequenceBatcher::operator=(SequenceBatcher&&) noexcept = default;

Status SequenceBatcher::refusal_of(const SequenceRequest& request, bool is_open) const {
  if (request.rows > 1)
    return invalid_argument(
        "inference request to model '{}' must specify batch-size 1 due to requirements of sequence batcher",
        policy_.model);
  if (is_none(request.sequence))
    return invalid_argument(
        "inference request to model '{}' must specify a non-zero or non-empty correlation ID", policy_.model);
  if (stopping_ && request.start)
    return unavailable(
        "Server is stopping, scheduler for model has stopped accepting new inference requests");
  if (!request.start && !is_open)
    return invalid_argument(
        "inference request for sequence {} to model '{}' must specify the START flag on the first request of "
        "the sequence",
        text_of(request.sequence), policy_.model);
  return {};
}

Status SequenceBatcher::enqueue(const SequenceRequest& request) {
  const auto found = open_.find(request.sequence);
  RETURN_IF_ERROR(refusal_of(request, found != open_.end()));
  std::shared_ptr<Sequence> sequence;
  if (found != open_.end()) {
    sequence = found->second;
  } else {
    sequence = std::make_shared<Sequence>();
    sequence->id = request.sequence;
    open_[request.sequence] = sequence;
    if (free_.empty()) {
      backlog_.push_back(sequence);
    } else {
      settle(sequence, request.arrived);
    }
  }
  sequence->waiting.push_back(request);
  waiting_[request.ticket] = sequence;
  sequence->last_active = std::max(sequence->last_active, request.arrived);
  if (request.timeout > Nanos{0})
    sequence->expires = std::min(sequence->expires, after(request.arrived, request.timeout));
  if (request.end) {
    sequence->ended = true;
    open_.erase(request.sequence);
  }
  return {};
}

SequenceStep SequenceBatcher::step(size_t instance, TimePoint now) {
  SequenceStep step =
      policy_.strategy == SequenceStrategy::kDirect ? direct_step(instance, now) : oldest_step(instance, now);
  for (const SequenceRow& row : step.rows) {
    if (!row.ticket) continue;
    Sequence& sequence = *slots_[instance][row.slot];
    sequence.waiting.pop_front();
    sequence.running = true;
    waiting_.erase(*row.ticket);
  }
  return step;
}

SequenceStep SequenceBatcher::direct_step(size_t instance, TimePoint now) const {
  const auto& slots = slots_[instance];
  const SequenceRequest* oldest = nullptr;
  size_t ready = 0;
  for (const auto& sequence : slots) {
    if (!sequence || sequence->waiting.empty()) continue;
    const SequenceRequest& head = sequence->waiting.front();
    if (oldest == nullptr || head.arrived < oldest->arrived) oldest = &head;
    ++ready;
  }
  SequenceStep step;
  if (oldest == nullptr) return step;

  const Nanos delay = policy_.batching.max_queue_delay;
  const bool may_wait = delay > Nanos{0} && policy_.minimum_slot_utilization > 0 && !stopping_;
  const bool waited = may_wait && now - oldest->arrived >= delay;
  const double utilization = static_cast<double>(ready) / static_cast<double>(slots.size());
  if (may_wait && !waited && utilization < policy_.minimum_slot_utilization) {
    step.look_again = after(oldest->arrived, delay);
    return step;
  }
  size_t taken = 0;
  for (size_t slot = 0; slot < slots.size() && taken < ready; ++slot) {
    SequenceRow row;
    row.slot = slot;
    if (slots[slot] && !slots[slot]->waiting.empty()) {
      const SequenceRequest& head = slots[slot]->waiting.front();
      if (head.bucket == oldest->bucket) row = row_of(head, slot);
      ++taken;
    }
    step.rows.push_back(row);
  }
  while (!step.rows.back().ticket) step.rows.pop_back();
  const auto run = static_cast<size_t>(
      std::ranges::count_if(step.rows, [](const SequenceRow& row) { return row.ticket.has_value(); }));
  if (run == slots.size()) {
    step.reason = CloseReason::kFull;
  } else if (run < ready) {
    step.reason = CloseReason::kShape;
  } else if (may_wait) {
    step.reason = waited ? CloseReason::kDelay : CloseReason::kPreferred;
  } else {
    step.reason = stopping_ ? CloseReason::kDrain : CloseReason::kIdle;
  }
  return step;
}

SequenceStep SequenceBatcher::oldest_step(size_t instance, TimePoint now) const {
  struct Head {
    const SequenceRequest* request;
    size_t slot;
  };
  std::vector<Head> heads;
  for (size_t slot = 0; slot < policy_.slots; ++slot) {
    const auto& sequence = slots_[instance][slot];
    if (sequence && !sequence->waiting.empty()) heads.push_back({&sequence->waiting.front(), slot});
  }
  std::ranges::stable_sort(heads, {}, [](const Head& head) { return head.request->arrived; });
  std::vector<Pending> pending;
  for (const Head& head : heads)
    pending.push_back({.bucket = head.request->bucket, .enqueued = head.request->arrived});
  const BatchDecision decision = decide(pending, policy_.batching, now);
  SequenceStep step;
  step.reason = decision.reason;
  step.look_again = decision.look_again;
  for (const size_t i : decision.run) step.rows.push_back(row_of(*heads[i].request, heads[i].slot));
  return step;
}

void SequenceBatcher::complete(size_t instance, TimePoint now) {
  for (size_t slot = 0; slot < policy_.slots; ++slot) {
    const std::shared_ptr<Sequence> sequence = slots_[instance][slot];
    if (!sequence || !sequence->running) continue;
    sequence->running = false;
    sequence->last_active = std::max(sequence->last_active, now);
    if (sequence->ended && sequence->waiting.empty()) vacate({slot, instance}, now);
  }
}

std::vector<uint64_t> SequenceBatcher::cancel(uint64_t ticket, TimePoint now) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return {};
  const std::shared_ptr<Sequence> sequence = found->second;
  std::vector<uint64_t> dropped = drop_waiting(*sequence);
  forget(*sequence);
  sequence->ended = true;
  if (!sequence->place) std::erase(backlog_, sequence);
  if (sequence->place && !sequence->running) vacate(*sequence->place, now);
  return dropped;
}

SequenceLapses SequenceBatcher::lapse(TimePoint now) {
  SequenceLapses lapses;
  lapses.expired = expire_backlog(now, lapses);
  const auto ask_at = [&](TimePoint time) {
    if (time != TimePoint::max()) lapses.again = std::min(lapses.again.value_or(time), time);
  };
  for (size_t instance = 0; instance < slots_.size(); ++instance)
    for (size_t slot = 0; slot < policy_.slots; ++slot) {
      const std::shared_ptr<Sequence> sequence = slots_[instance][slot];
      if (!sequence || sequence->running || !sequence->waiting.empty()) continue;
      const TimePoint idle_at = after(sequence->last_active, policy_.max_idle);
      if (idle_at > now) {
        ask_at(idle_at);
      } else {
        forget(*sequence);
        vacate({slot, instance}, now);
      }
    }
  return lapses;
}

std::vector<uint64_t> SequenceBatcher::expire_backlog(TimePoint now, SequenceLapses& lapses) {
  std::vector<uint64_t> expired;
  std::erase_if(backlog_, [&](const std::shared_ptr<Sequence>& sequence) {
    if (sequence->expires > now) {
      if (sequence->expires != TimePoint::max())
        lapses.again = std::min(lapses.again.value_or(sequence->expires), sequence->expires);
      return false;
    }
    const std::vector<uint64_t> dropped = drop_waiting(*sequence);
    expired.insert(expired.end(), dropped.begin(), dropped.end());
    forget(*sequence);
    return true;
  });
  return expired;
}

void SequenceBatcher::stop() {
  stopping_ = true;
  policy_.batching.draining = true;
}

/// Gives the sequence the first free slot.
void SequenceBatcher::settle(std::shared_ptr<Sequence> sequence, TimePoint now) {
  const Place place = *free_.begin();
  free_.erase(free_.begin());
  sequence->place = place;
  sequence->last_active = now;
  slots_[place.instance][place.slot] = std::move(sequence);
}

/// Frees a slot and gives it to the backlog's first.
void SequenceBatcher::vacate(const Place& place, TimePoint now) {
  slots_[place.instance][place.slot].reset();
  free_.insert(place);
  if (backlog_.empty()) return;
  settle(backlog_.front(), now);
  backlog_.pop_front();
}

/// From now on its correlation id is free for another sequence.
void SequenceBatcher::forget(const Sequence& sequence) {
  const auto open = open_.find(sequence.id);
  if (open != open_.end() && open->second.get() == &sequence) open_.erase(open);
}

std::vector<uint64_t> SequenceBatcher::drop_waiting(Sequence& sequence) {
  std::vector<uint64_t> tickets;
  for (const SequenceRequest& request : sequence.waiting) {
    tickets.push_back(request.ticket);
    waiting_.erase(request.ticket);
  }
  sequence.waiting.clear();
  return tickets;
}

}  // namespace ridgeline::serve
