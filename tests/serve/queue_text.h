#pragma once

#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <string>
#include <vector>

#include "serve/scheduling/decide.h"

namespace ridgeline::serve {

inline TimePoint at_us(int64_t us) { return TimePoint(std::chrono::microseconds(us)); }

/// A queue in words: "2a@30p1t100x" is a request of 2 rows in bucket a that came at 30 us, of priority 1,
/// with 100 us to wait, cancelled. All but rows and bucket may be left out.
inline std::vector<Pending> queue_of(const std::string& text) {
  std::vector<Pending> queue;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    Pending request;
    char* rest = nullptr;
    request.rows = std::strtoll(word.c_str(), &rest, 10);
    request.bucket = static_cast<uint64_t>(*rest++);
    while (*rest != '\0') {
      const char field = *rest++;
      const int64_t value = field == 'x' ? 0 : std::strtoll(rest, &rest, 10);
      if (field == '@') request.enqueued = at_us(value);
      if (field == 'p') request.priority = static_cast<uint64_t>(value);
      if (field == 't') request.timeout = std::chrono::microseconds(value);
      if (field == 'x') request.cancelled = true;
    }
    queue.push_back(request);
  }
  return queue;
}

/// A decision in words: "run 0 1 full; cancelled 2; expired 3; again 500", parts that are empty left out.
inline std::string text_of(const BatchDecision& decision) {
  std::vector<std::string> parts;
  if (!decision.run.empty())
    parts.push_back(fmt::format("run {} {}", fmt::join(decision.run, " "), name_of(decision.reason)));
  if (!decision.cancelled.empty())
    parts.push_back(fmt::format("cancelled {}", fmt::join(decision.cancelled, " ")));
  if (!decision.expired.empty()) parts.push_back(fmt::format("expired {}", fmt::join(decision.expired, " ")));
  if (decision.look_again)
    parts.push_back(
        fmt::format("again {}", decision.look_again->time_since_epoch() / std::chrono::microseconds(1)));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace ridgeline::serve
