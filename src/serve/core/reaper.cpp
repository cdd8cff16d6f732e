#include "serve/core/reaper.h"

#include <malloc.h>

namespace ridgeline::serve {

Reaper::Reaper(std::function<void(const ModelFacts&)> gone)
    : gone_(std::move(gone)), thread_(std::make_unique<TaskThreads>(1)) {}

std::shared_ptr<ServedVersion> Reaper::share(std::unique_ptr<ServedVersion> version) {
  return {version.release(), [reaper = shared_from_this()](ServedVersion* dead) {
            reaper->take(std::shared_ptr<ServedVersion>(dead));
          }};
}

void Reaper::take(std::shared_ptr<ServedVersion> version) {
  const std::lock_guard lock(mutex_);
  if (thread_) thread_->run([this, dead = std::move(version)]() mutable { free(std::move(dead)); });
}

void Reaper::free(std::shared_ptr<ServedVersion> version) const {
  version->stop();
  gone_(version->facts);
  version.reset();
  malloc_trim(0);  // the C library keeps freed memory, and users look at the process's size
}

void Reaper::stop() {
  std::unique_ptr<TaskThreads> ending;
  const std::lock_guard lock(mutex_);
  ending = std::move(thread_);
}

}  // namespace ridgeline::serve
