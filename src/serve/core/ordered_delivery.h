#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "serve/core/request.h"

namespace ridgeline::serve {

/// preserve_ordering with several instances: answers leave in the order in which their requests were taken
/// from the queue, whichever instance is done first. Thread-safe; calls clients without its lock.
class OrderedDelivery {
 public:
  /// Delivers the batch of that place (Batch::place), and those that waited for it, once all before it are
  /// delivered.
  void deliver(uint64_t place, std::vector<std::shared_ptr<Request>> batch);

 private:
  std::mutex mutex_;
  uint64_t delivered_ = 0;
  bool delivering_ = false;  ///< a thread is at it, and takes what becomes ready meanwhile
  std::map<uint64_t, std::vector<std::shared_ptr<Request>>> ready_;
};

}  // namespace ridgeline::serve
