#include "serve/core/reaper.h"

#include <malloc.h>

namespace ridgeline::serve {

Reaper::Reaper(std::function<void(const ModelFacts&)> gone)
    : gone_(std::move(gone)), thread_([this] { run(); }) {}

Reaper::~Reaper() { stop(); }

std::shared_ptr<ServedVersion> Reaper::share(std::unique_ptr<ServedVersion> version) {
  return {version.release(), [reaper = shared_from_this()](ServedVersion* dead) {
            reaper->take(std::unique_ptr<ServedVersion>(dead));
          }};
}

void Reaper::take(std::unique_ptr<ServedVersion> version) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) dead_.push_back(std::move(version));
  }
  changed_.notify_one();
}

void Reaper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !dead_.empty(); });
    if (dead_.empty()) return;
    std::unique_ptr<ServedVersion> dead = std::move(dead_.front());
    dead_.pop_front();
    lock.unlock();
    dead->stop();
    gone_(dead->facts);
    dead.reset();
    malloc_trim(0);  // the C library keeps freed memory, and users look at the process's size
    lock.lock();
  }
}

void Reaper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace ridgeline::serve
