#include "serve/scheduling/queue_policy.h"

#include <algorithm>

#include "wire/infer.h"

namespace ridgeline::serve {
namespace {

uint64_t level_of(const Pending& request, const BatchPolicy& policy) {
  if (policy.priority_levels == 0) return 0;
  const bool known = request.priority >= 1 && request.priority <= policy.priority_levels;
  return known ? request.priority : policy.default_priority_level;
}

const QueuePolicy& queue_policy_of(uint64_t level, const BatchPolicy& policy) {
  const auto found = policy.priority_queue_policies.find(level);
  return found == policy.priority_queue_policies.end() ? policy.default_queue_policy : found->second;
}

/// 0 for none.
Nanos timeout_of(const Pending& request, const QueuePolicy& policy) {
  const Nanos usual = nanos_of_us(policy.default_timeout_us);
  if (!policy.allow_timeout_override || request.timeout == Nanos{0}) return usual;
  return usual == Nanos{0} ? request.timeout : std::min(request.timeout, usual);
}

}  // namespace

Standing standing_of(const Pending& request, const BatchPolicy& policy, TimePoint now) {
  Standing standing;
  standing.level = level_of(request, policy);
  if (request.cancelled) {
    standing.state = Standing::State::kCancelled;
    return standing;
  }
  const QueuePolicy& queue = queue_policy_of(standing.level, policy);
  const Nanos timeout = timeout_of(request, queue);
  if (timeout == Nanos{0}) return standing;
  const bool rejects = queue.timeout_action == TimeoutAction::kReject;
  // Compared as waiting time: a client's timeout may lie beyond the end of the clock.
  if (now - request.enqueued >= timeout) {
    standing.state = rejects ? Standing::State::kExpired : Standing::State::kDelayed;
  } else if (rejects && timeout < TimePoint::max() - request.enqueued) {
    standing.expires = request.enqueued + timeout;
  }
  return standing;
}

Sweep sweep(std::span<const Pending> pending, const BatchPolicy& policy, TimePoint now) {
  Sweep swept;
  for (size_t i = 0; i < pending.size(); ++i) {
    const Standing standing = standing_of(pending[i], policy, now);
    if (standing.state == Standing::State::kCancelled) swept.cancelled.push_back(i);
    if (standing.state == Standing::State::kExpired) swept.expired.push_back(i);
    if (standing.expires)
      swept.next_expiry = std::min(swept.next_expiry.value_or(*standing.expires), *standing.expires);
  }
  return swept;
}

Status admit(std::span<const Pending> pending, const Pending& arriving, const BatchPolicy& policy,
             std::string_view request_id) {
  const uint64_t level = level_of(arriving, policy);
  const uint32_t most = queue_policy_of(level, policy).max_queue_size;
  if (most == 0) return {};
  const auto waits = [&](const Pending& other) {
    return !other.cancelled && level_of(other, policy) == level;
  };
  if (static_cast<size_t>(std::ranges::count_if(pending, waits)) < most) return {};
  return unavailable("{}Exceeds maximum queue size", wire::about_request(request_id));
}

Status timeout_expired() { return unavailable("Request timeout expired"); }

Status server_stopping(std::string_view request_id) {
  return unavailable("{}Server is stopping, scheduler for model has stopped accepting new inference requests",
                     wire::about_request(request_id));
}

}  // namespace ridgeline::serve
