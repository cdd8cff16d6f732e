#pragma once

#include <condition_variable>
#include <mutex>
#include <set>

#include "serve/scheduling/rate_limiter.h"

namespace ridgeline::serve {

/// Where instances wait for the resources that their groups' rate_limiter names. Thread-safe.
class ResourceGate {
 public:
  explicit ResourceGate(std::vector<ResourceLimit> limits) : limiter_(std::move(limits)) {}

  /// The name by which the instance asks; errors are RateLimiter's.
  Result<RateLimiter::Instance> add(InstanceNeeds needs);
  void remove(RateLimiter::Instance instance);

  /// Blocks until the instance may execute. `called`: its batch was asked for by one that executes.
  void enter(RateLimiter::Instance instance, bool called);
  void leave(RateLimiter::Instance instance);

 private:
  void grant();

  std::mutex mutex_;
  std::condition_variable granted_;
  RateLimiter limiter_;
  RateLimiter::Instance next_ = 0;
  std::set<RateLimiter::Instance> may_run_;
};

}  // namespace ridgeline::serve
