#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "serve/core/scheduler.h"

namespace ridgeline::serve {

/// The thread that looks after queues whose instances are all busy, so that requests expire on time.
class Watch {
 public:
  Watch();
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Calls sweep() at that time, and as often as that says. Forgets a queue that is gone.
  void at(TimePoint time, std::weak_ptr<Scheduler> queue);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<TimePoint, std::weak_ptr<Scheduler>> calls_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ridgeline::serve
