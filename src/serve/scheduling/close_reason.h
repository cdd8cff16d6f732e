#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ridgeline::serve {

/// Why a batch was closed: what answers "does my dynamic batching work?".
enum class CloseReason : uint8_t {
  kFull,       ///< nothing that waits, or nothing at all, would still have fitted
  kPreferred,  ///< a preferred size was reached
  kDelay,      ///< its oldest request had waited for max_queue_delay
  kShape,      ///< what else waited has another shape, and no time was left to wait for more of this one
  kIdle,       ///< an instance was free, no delay is configured, and this is all that there was
  kTimeout,    ///< waiting longer would have let one of its requests expire
  kDrain       ///< the server stops
};

/// Names as metrics spell them, in the order of CloseReason.
inline constexpr std::array<std::string_view, 7> kCloseReasonNames = {"full", "preferred", "delay", "shape",
                                                                      "idle", "timeout",   "drain"};

inline std::string_view name_of(CloseReason reason) { return kCloseReasonNames[static_cast<size_t>(reason)]; }

}  // namespace ridgeline::serve
