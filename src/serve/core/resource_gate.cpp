#include "serve/core/resource_gate.h"

namespace ridgeline::serve {

Result<RateLimiter::Instance> ResourceGate::add(InstanceNeeds needs) {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(limiter_.add(next_, std::move(needs)));
  return next_++;
}

void ResourceGate::remove(RateLimiter::Instance instance) {
  const std::lock_guard lock(mutex_);
  limiter_.remove(instance);
  grant();
}

void ResourceGate::enter(RateLimiter::Instance instance, bool called) {
  std::unique_lock lock(mutex_);
  limiter_.ask(instance, called);
  grant();
  granted_.wait(lock, [&] { return may_run_.erase(instance) > 0; });
}

void ResourceGate::leave(RateLimiter::Instance instance) {
  const std::lock_guard lock(mutex_);
  limiter_.release(instance);
  grant();
}

void ResourceGate::grant() {
  const auto granted = limiter_.grant();
  may_run_.insert(granted.begin(), granted.end());
  if (!granted.empty()) granted_.notify_all();
}

}  // namespace ridgeline::serve
