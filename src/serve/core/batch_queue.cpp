#include "serve/core/batch_queue.h"

#include <algorithm>

namespace ridgeline::serve {
namespace {

/// An instance waits for its last batch's clients to ask again no longer than this share of what that batch
/// took.
constexpr int kWaitsForShare = 16;
/// A wait that a thread's timer can keep.
constexpr Nanos kLeastWait = std::chrono::microseconds(50);
constexpr Nanos kMostWait = std::chrono::milliseconds(20);

int64_t rows_of(std::span<const Pending> pending) {
  int64_t rows = 0;
  for (const Pending& request : pending) rows += request.rows;
  return rows;
}

}  // namespace

void BatchQueue::Dropped::tell() const {
  for (const auto& request : cancelled)
    request->refuse(ridgeline::cancelled("the client of the request is gone"), FailureReason::kCancelled);
  for (const auto& request : expired) request->refuse(timeout_expired(), FailureReason::kRejected);
}

void BatchQueue::put(std::shared_ptr<Request> request) {
  std::unique_lock lock(mutex_);
  Status refused;
  if (stopped_) {
    refused = server_stopping(request->request().id);
  } else {
    refused = admit(waiting_.all(), request->pending(), policy_, request->request().id);
  }
  if (!refused.ok()) {
    lock.unlock();
    request->refuse(std::move(refused), FailureReason::kRejected);
    return;
  }
  request->model().statistics.request_arrived();
  const Standing standing = standing_of(request->pending(), policy_, request->pending().enqueued);
  waiting_.push(std::move(request));
  const bool watch = standing.expires && *standing.expires < next_sweep_;
  if (watch) next_sweep_ = *standing.expires;
  const bool wake = idle_ > 0;
  lock.unlock();
  if (wake) arrived_.notify_one();
  if (watch) watch_->at(*standing.expires, weak_from_this());
}

size_t BatchQueue::window() const {
  if (policy_.priority_levels > 0) return waiting_.size();
  if (!policy_.dynamic) return 1;
  constexpr size_t kLeast = 256;
  constexpr size_t kBatches = 8;
  return std::max(kLeast, kBatches * static_cast<size_t>(policy_.max_batch_size));
}

void BatchQueue::executed(size_t instance) {
  const std::lock_guard lock(mutex_);
  Last& last = last_.at(instance);
  last.rows_waiting = rows_of(waiting_.look(window()));
  last.executed = std::chrono::steady_clock::now();
  last.cost.add(last.rows, last.executed - last.taken);
}

Expected BatchQueue::expected_of(size_t instance, TimePoint now) const {
  const auto found = last_.find(instance);
  if (found == last_.end()) return {};
  const Last& last = found->second;
  const Nanos wait =
      std::min({last.cost.of_itself(), (last.executed - last.taken) / kWaitsForShare, kMostWait});
  if (wait < kLeastWait) return {};
  return {std::min(last.rows + last.rows_waiting, policy_.max_batch_size), now + wait};
}

std::optional<Batch> BatchQueue::take(size_t instance) {
  const TimePoint idle_since = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  const Expected expected = expected_of(instance, idle_since);
  while (!stopped_) {
    const auto pending = waiting_.look(window());
    const TimePoint now = std::chrono::steady_clock::now();
    const BatchDecision decision = decide(pending, policy_, now, expected);
    int64_t rows = 0;
    for (const size_t position : decision.run) rows += pending[position].rows;
    const Dropped dropped = {waiting_.take(decision.cancelled), waiting_.take(decision.expired)};
    Batch batch{.requests = waiting_.take(decision.run),
                .padded = {},
                .reason = decision.reason,
                .instance_idle = idle_since};
    waiting_.settle();
    if (!batch.requests.empty()) {
      batch.place = places_++;
      Last& last = last_[instance];
      last.rows = rows;
      last.taken = now;
    }
    if (!batch.requests.empty() || !dropped.empty()) {
      const bool others = waiting_.size() > 0 && idle_ > 0;
      lock.unlock();
      if (others) arrived_.notify_one();
      dropped.tell();
      if (!batch.requests.empty()) return batch;
      lock.lock();
      continue;
    }
    ++idle_;
    if (decision.look_again)
      arrived_.wait_until(lock, *decision.look_again);
    else
      arrived_.wait(lock);
    --idle_;
  }
  return std::nullopt;
}

std::optional<TimePoint> BatchQueue::sweep(TimePoint now) {
  std::unique_lock lock(mutex_);
  const Sweep swept = serve::sweep(waiting_.look(waiting_.size()), policy_, now);
  const Dropped dropped = {waiting_.take(swept.cancelled), waiting_.take(swept.expired)};
  waiting_.settle();
  next_sweep_ = swept.next_expiry.value_or(TimePoint::max());
  lock.unlock();
  dropped.tell();
  return swept.next_expiry;
}

void BatchQueue::drain() {
  {
    const std::lock_guard lock(mutex_);
    policy_.draining = true;
  }
  arrived_.notify_all();
}

void BatchQueue::stop() {
  Requests left;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    left = waiting_.take_all();
  }
  arrived_.notify_all();
  for (const auto& request : left)
    request->refuse(server_stopping(request->request().id), FailureReason::kOther);
}

}  // namespace ridgeline::serve
