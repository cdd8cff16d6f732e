#include "serve/core/watch.h"

namespace ridgeline::serve {
namespace {

/// Between two looks at one queue.
constexpr Nanos kLeast = std::chrono::microseconds(200);

}  // namespace

Watch::Watch() : thread_([this] { run(); }) {}

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watch::at(TimePoint time, std::weak_ptr<Scheduler> queue) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = calls_.empty() || time < calls_.begin()->first;
    calls_.emplace(time, std::move(queue));
  }
  if (first) changed_.notify_one();
}

void Watch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (calls_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const TimePoint next = calls_.begin()->first;
    const TimePoint now = std::chrono::steady_clock::now();
    if (next > now) {
      changed_.wait_until(lock, next);
      continue;
    }
    const std::weak_ptr<Scheduler> queue = std::move(calls_.begin()->second);
    calls_.erase(calls_.begin());
    lock.unlock();
    std::optional<TimePoint> again;
    if (const auto held = queue.lock()) again = held->sweep(now);
    lock.lock();
    if (again) calls_.emplace(std::max(*again, now + kLeast), queue);
  }
}

}  // namespace ridgeline::serve
