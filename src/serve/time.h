#pragma once

#include <chrono>
#include <cstdint>

namespace ridgeline::serve {

using Nanos = std::chrono::nanoseconds;
/// Scheduling never reads a clock: whoever calls says what time it is, a test as well as the server.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Nanos>;

/// Microseconds as configurations and clients give them; the longest duration where they are more.
inline Nanos nanos_of_us(uint64_t us) {
  constexpr uint64_t kMost = static_cast<uint64_t>(Nanos::max().count()) / 1000;
  return us > kMost ? Nanos::max() : Nanos(static_cast<int64_t>(us) * 1000);
}

/// When what began at `begin` has lasted for `time`; the end of the clock where that is beyond it.
inline TimePoint after(TimePoint begin, Nanos time) {
  return time < TimePoint::max() - begin ? begin + time : TimePoint::max();
}

/// The calendar's time, for what people read.
inline uint64_t unix_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

}  // namespace ridgeline::serve
