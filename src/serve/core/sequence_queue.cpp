#include "serve/core/sequence_queue.h"

#include <algorithm>

namespace ridgeline::serve {

SequenceQueue::SequenceQueue(SequencePolicy policy, std::shared_ptr<SequenceInputs> inputs, Watch& watch)
    : inputs_(std::move(inputs)), watch_(&watch), max_idle_(policy.max_idle), batcher_(std::move(policy)) {}

void SequenceQueue::put(std::shared_ptr<Request> request) {
  const Pending& pending = request->pending();
  const wire::Sequence& sequence = request->request().sequence;
  std::unique_lock lock(mutex_);
  const uint64_t ticket = tickets_++;
  Status refused = stopped_ ? server_stopping(request->request().id)
                            : batcher_.enqueue({.ticket = ticket,
                                                .sequence = sequence.id,
                                                .start = sequence.start,
                                                .end = sequence.end,
                                                .rows = pending.rows,
                                                .bucket = pending.bucket,
                                                .timeout = pending.timeout,
                                                .arrived = pending.enqueued});
  if (!refused.ok()) {
    lock.unlock();
    return request->refuse(std::move(refused), FailureReason::kRejected);
  }
  request->model().statistics.request_arrived();
  const TimePoint expires = after(pending.enqueued, pending.timeout);
  const bool timed = pending.timeout > Nanos{0};
  waiting_.emplace(ticket, std::move(request));
  const bool watch = !std::exchange(watched_, true);
  lock.unlock();
  changed_.notify_all();
  if (watch) watch_->at(after(std::chrono::steady_clock::now(), max_idle_), weak_from_this());
  if (timed) watch_->at(expires, weak_from_this());
}

std::optional<Batch> SequenceQueue::take(size_t instance) {
  const TimePoint idle_since = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (const Requests gone = drop_gone(now); !gone.empty()) {
      lock.unlock();
      for (const auto& request : gone)
        request->refuse(cancelled("the client of the request's sequence is gone"), FailureReason::kCancelled);
      lock.lock();
      continue;
    }
    const SequenceStep step = batcher_.step(instance, now);
    if (!step.rows.empty()) {
      Batch batch = batch_of(step, instance);
      batch.instance_idle = idle_since;
      return batch;
    }
    if (step.look_again)
      changed_.wait_until(lock, *step.look_again);
    else
      changed_.wait(lock);
  }
  return std::nullopt;
}

Batch SequenceQueue::batch_of(const SequenceStep& step, size_t instance) {
  Batch batch{.requests = {}, .padded = {}, .reason = step.reason, .place = places_++};
  std::vector<std::shared_ptr<Job>> rows;
  for (const SequenceRow& row : step.rows) {
    if (!row.ticket) {
      rows.emplace_back();
      continue;
    }
    std::shared_ptr<Request> request = leave(*row.ticket);
    inputs_->complete(inputs_, *request, instance, row);
    rows.push_back(request);
    batch.requests.push_back(std::move(request));
  }
  if (batch.requests.size() == rows.size()) return batch;
  for (std::shared_ptr<Job>& job : rows)
    if (!job) job = inputs_->padding(batch.requests.front()->request());
  batch.padded = std::move(rows);
  return batch;
}

void SequenceQueue::done(size_t instance) {
  {
    const std::lock_guard lock(mutex_);
    batcher_.complete(instance, std::chrono::steady_clock::now());
  }
  changed_.notify_all();
}

std::optional<TimePoint> SequenceQueue::sweep(TimePoint now) {
  std::unique_lock lock(mutex_);
  const SequenceLapses lapses = batcher_.lapse(now);
  const Requests expired = leave(lapses.expired);
  watched_ = lapses.again.has_value();
  lock.unlock();
  changed_.notify_all();  // a slot may be free now
  for (const auto& request : expired) request->refuse(sequence_expired(), FailureReason::kRejected);
  return lapses.again;
}

void SequenceQueue::drain() {
  {
    const std::lock_guard lock(mutex_);
    batcher_.stop();
  }
  changed_.notify_all();
}

void SequenceQueue::stop() {
  std::map<uint64_t, std::shared_ptr<Request>> left;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    left = std::exchange(waiting_, {});
  }
  changed_.notify_all();
  for (const auto& [ticket, request] : left) {
    request->model().statistics.request_left_queue();
    request->refuse(server_stopping(request->request().id), FailureReason::kOther);
  }
}

std::shared_ptr<Request> SequenceQueue::leave(uint64_t ticket) {
  auto node = waiting_.extract(ticket);
  if (node.empty()) return nullptr;
  node.mapped()->model().statistics.request_left_queue();
  return std::move(node.mapped());
}

SequenceQueue::Requests SequenceQueue::leave(const std::vector<uint64_t>& tickets) {
  Requests requests;
  for (const uint64_t ticket : tickets)
    if (auto request = leave(ticket)) requests.push_back(std::move(request));
  return requests;
}

SequenceQueue::Requests SequenceQueue::drop_gone(TimePoint now) {
  std::vector<uint64_t> gone;
  for (const auto& [ticket, request] : waiting_)
    if (request->cancelled()) gone.push_back(ticket);
  Requests dropped;
  for (const uint64_t ticket : gone)
    std::ranges::move(leave(batcher_.cancel(ticket, now)), std::back_inserter(dropped));
  return dropped;
}

}  // namespace ridgeline::serve
