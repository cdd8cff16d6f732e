#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ridgeline::serve {

using TraceId = std::array<uint8_t, 16>;
using SpanId = std::array<uint8_t, 8>;

/// A place in a trace that goes through several services, as W3C Trace Context (level 1) hands it on.
struct TraceContext {
  static constexpr char kHeader[] = "traceparent";

  TraceId trace_id{};
  SpanId span_id{};
  bool sampled = false;  ///< whoever handed it on may have kept its span

  bool operator==(const TraceContext&) const = default;
};

/// Nothing for a header that the recommendation has ignored.
std::optional<TraceContext> parse_traceparent(std::string_view header);

}  // namespace ridgeline::serve
