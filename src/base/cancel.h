#pragma once

#include <atomic>
#include <memory>

namespace ridgeline {

/// Asks long work to stop at its next safe point. Copies share one flag; safe from any thread and from signal
/// handlers.
class CancelToken {
 public:
  void cancel() const { requested_->store(true, std::memory_order_relaxed); }
  bool requested() const { return requested_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> requested_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace ridgeline
