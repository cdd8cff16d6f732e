#include "serve/core/immediate_pool.h"

#include "serve/scheduling/queue_policy.h"

namespace ridgeline::serve {

ImmediatePool::ImmediatePool(std::vector<InstanceRunner::Member> members, const ModelFacts& facts,
                             ResourceGate& gate) {
  for (InstanceRunner::Member& member : members) {
    auto seat = std::make_unique<Seat>();
    seat->runner = std::make_unique<InstanceRunner>(seats_.size(), std::move(member), facts, gate);
    seats_.push_back(std::move(seat));
  }
}

std::unique_lock<std::mutex> ImmediatePool::take(Seat*& seat) {
  for (const auto& each : seats_) {
    seat = each.get();
    std::unique_lock lock(seat->mutex, std::try_to_lock);
    if (lock) return lock;
  }
  return std::unique_lock(seat->mutex);
}

void ImmediatePool::put(const std::shared_ptr<Request>& request) {
  Batch batch{.requests = {request},
              .padded = {},
              .reason = CloseReason::kFull,
              .instance_idle = request->moments().enqueued};
  Seat* seat = nullptr;
  std::unique_lock lock = take(seat);
  if (!seat->runner) {
    lock.unlock();
    return request->refuse(server_stopping(request->request().id), FailureReason::kOther);
  }
  seat->runner->run(batch);
  lock.unlock();  // a client may go on with another request at once
  request->deliver();
}

void ImmediatePool::stop() {
  for (const auto& seat : seats_) {
    const std::lock_guard lock(seat->mutex);
    seat->runner.reset();
  }
}

}  // namespace ridgeline::serve
