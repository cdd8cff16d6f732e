#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/scheduling/batch_policy.h"

namespace ridgeline::serve {

/// Where a request stands at one moment.
struct Standing {
  enum class State : uint8_t { kWaiting, kDelayed, kExpired, kCancelled };
  State state = State::kWaiting;
  uint64_t level = 0;                ///< 0 without priority levels
  std::optional<TimePoint> expires;  ///< when it will be rejected; none: never
};

/// A request expires once `now` has reached enqueued + timeout. Its own timeout counts where the policy
/// allows it and it is shorter than the default one or there is no default one.
Standing standing_of(const Pending& request, const BatchPolicy& policy, TimePoint now);

/// What leaves the queue without having run: positions in `pending`, in its order.
struct Sweep {
  std::vector<size_t> cancelled;
  std::vector<size_t> expired;           ///< to be answered with timeout_expired()
  std::optional<TimePoint> next_expiry;  ///< of those that stay
};

/// For the time when every instance is busy: decide() sweeps by itself. Pure.
Sweep sweep(std::span<const Pending> pending, const BatchPolicy& policy, TimePoint now);

/// Whether one more request may wait; kUnavailable with Triton's text when its level is full. Those that are
/// cancelled already do not count. `request_id` as the client gave it, empty for none.
Status admit(std::span<const Pending> pending, const Pending& arriving, const BatchPolicy& policy,
             std::string_view request_id);

/// Triton's answers for requests that do not run.
Status timeout_expired();
Status server_stopping(std::string_view request_id);

}  // namespace ridgeline::serve
