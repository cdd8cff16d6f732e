#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "serve/observe/trace_context.h"
#include "serve/time.h"

namespace ridgeline::serve {

/// The moments of a request on its way, none before the one above it.
struct RequestMoments {
  TimePoint received;       ///< its last byte was read
  TimePoint enqueued;       ///< checked, and in the model's queue
  TimePoint instance_idle;  ///< an instance was free for it: from here on it waits for a batch, no longer for
                            ///< others
  TimePoint batch_closed;   ///< compute begins: the batch is filled
  TimePoint input_done;     ///< the model runs
  TimePoint infer_done;     ///< answers are handed out
  TimePoint output_done;
  TimePoint answered;  ///< the last byte was handed to the connection
};

/// Who a traced request is. Zero ids mean none (W3C Trace Context).
struct SpanIds {
  TraceId trace{};
  SpanId span{};    ///< of the whole request; its parts derive theirs from it
  SpanId parent{};  ///< of whoever asked
};

/// One traced request.
struct RequestTrace {
  std::string model;
  std::string version;
  std::string request_id;  ///< as the client gave it, empty for none
  int64_t rows = 1;        ///< of the request
  int64_t batch_rows = 1;  ///< of the batch that it ran in
  std::string error;       ///< why it failed, empty for success
  SpanIds ids;
  uint64_t thread = 0;  ///< where Chrome shows it: the instance
  RequestMoments moments;
};

/// Turns moments of the steady clock into nanoseconds since 1970.
struct WallClock {
  TimePoint steady;
  int64_t unix_ns = 0;  ///< at the same moment
};
WallClock wall_clock_now();

/// A document for chrome://tracing and Perfetto: the request, and below it queue, batch_wait, compute_input,
/// compute_infer and compute_output, each with the request's id.
Json chrome_trace_json(std::span<const RequestTrace> traces, const WallClock& clock);

/// The body of an OTLP/HTTP export (POST /v1/traces, application/json): one SERVER span for each request with
/// Triton's attribute names, the request's id among them, and a child for each part.
Json otlp_trace_json(std::span<const RequestTrace> traces, const WallClock& clock,
                     std::string_view service_name);

}  // namespace ridgeline::serve
