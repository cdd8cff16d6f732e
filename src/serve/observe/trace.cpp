#include "serve/observe/trace.h"

#include <fmt/format.h>
#include <vector>

#include "base/rng.h"
#include "base/version.h"

namespace ridgeline::serve {
namespace {

constexpr char kRequestSpan[] = "InferRequest";

struct Span {
  std::string_view name;
  TimePoint begin;
  TimePoint end;
};

std::vector<Span> parts_of(const RequestMoments& at) {
  return {{"queue", at.enqueued, at.instance_idle},
          {"batch_wait", at.instance_idle, at.batch_closed},
          {"compute_input", at.batch_closed, at.input_done},
          {"compute_infer", at.input_done, at.infer_done},
          {"compute_output", at.infer_done, at.output_done}};
}

int64_t unix_ns_of(TimePoint time, const WallClock& clock) {
  return clock.unix_ns + (time - clock.steady).count();
}

Json chrome_event(const Span& span, const RequestTrace& trace, const WallClock& clock) {
  Json args = {{"request_id", trace.request_id},
               {"model", trace.model},
               {"version", trace.version},
               {"rows", trace.rows},
               {"batch_rows", trace.batch_rows}};
  if (!trace.error.empty()) args["error"] = trace.error;
  return {{"name", span.name},
          {"cat", "inference"},
          {"ph", "X"},
          {"ts", static_cast<double>(unix_ns_of(span.begin, clock)) / 1000},
          {"dur", static_cast<double>((span.end - span.begin).count()) / 1000},
          {"pid", 1},
          {"tid", trace.thread},
          {"args", std::move(args)}};
}

template <size_t size>
std::string hex_of(const std::array<uint8_t, size>& id) {
  std::string text;
  for (const uint8_t byte : id) text += fmt::format("{:02x}", byte);
  return text;
}

/// The id of a request's n-th part: never zero, and other requests' parts have others.
SpanId part_id(const RequestTrace& trace, size_t part) {
  uint64_t seed = part + 1;
  for (const uint8_t byte : trace.ids.span) seed = (seed << 8 | seed >> 56) ^ byte;
  uint64_t bits = Rng(seed).next() | 1;
  SpanId id{};
  for (uint8_t& byte : id) {
    byte = static_cast<uint8_t>(bits);
    bits >>= 8;
  }
  return id;
}

Json attribute(std::string_view key, Json value) { return {{"key", key}, {"value", std::move(value)}}; }
Json text_attribute(std::string_view key, std::string_view text) {
  return attribute(key, {{"stringValue", text}});
}
/// 64-bit integers are strings in protobuf's JSON.
Json number_attribute(std::string_view key, int64_t number) {
  return attribute(key, {{"intValue", std::to_string(number)}});
}

Json attributes_of(const RequestTrace& trace) {
  Json attributes = Json::array();
  attributes.push_back(text_attribute("triton.model_name", trace.model));
  attributes.push_back(text_attribute("triton.model_version", trace.version));
  if (!trace.request_id.empty()) attributes.push_back(text_attribute("triton.request_id", trace.request_id));
  attributes.push_back(number_attribute("ridgeline.rows", trace.rows));
  attributes.push_back(number_attribute("ridgeline.batch_rows", trace.batch_rows));
  return attributes;
}

constexpr int kSampled = 1;  // of W3C Trace Context

Json otlp_span(const Span& span, const RequestTrace& trace, const WallClock& clock) {
  return {{"traceId", hex_of(trace.ids.trace)},
          {"flags", kSampled},
          {"name", span.name},
          {"startTimeUnixNano", std::to_string(unix_ns_of(span.begin, clock))},
          {"endTimeUnixNano", std::to_string(unix_ns_of(span.end, clock))},
          {"attributes", attributes_of(trace)}};
}

constexpr int kKindInternal = 1;
constexpr int kKindServer = 2;
constexpr int kStatusError = 2;

void append_otlp(const RequestTrace& trace, const WallClock& clock, Json& spans) {
  Json request = otlp_span({kRequestSpan, trace.moments.received, trace.moments.answered}, trace, clock);
  request["spanId"] = hex_of(trace.ids.span);
  if (trace.ids.parent != SpanId{}) request["parentSpanId"] = hex_of(trace.ids.parent);
  request["kind"] = kKindServer;
  if (!trace.error.empty()) request["status"] = {{"code", kStatusError}, {"message", trace.error}};
  spans.push_back(std::move(request));
  const std::vector<Span> parts = parts_of(trace.moments);
  for (size_t i = 0; i < parts.size(); ++i) {
    Json part = otlp_span(parts[i], trace, clock);
    part["spanId"] = hex_of(part_id(trace, i));
    part["parentSpanId"] = hex_of(trace.ids.span);
    part["kind"] = kKindInternal;
    spans.push_back(std::move(part));
  }
}

}  // namespace

WallClock wall_clock_now() {
  const auto unix = std::chrono::system_clock::now().time_since_epoch();
  return {.steady = std::chrono::steady_clock::now(), .unix_ns = std::chrono::nanoseconds(unix).count()};
}

Json chrome_trace_json(std::span<const RequestTrace> traces, const WallClock& clock) {
  Json events = Json::array();
  for (const RequestTrace& trace : traces) {
    events.push_back(
        chrome_event({kRequestSpan, trace.moments.received, trace.moments.answered}, trace, clock));
    for (const Span& part : parts_of(trace.moments)) events.push_back(chrome_event(part, trace, clock));
  }
  return {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
}

Json otlp_trace_json(std::span<const RequestTrace> traces, const WallClock& clock,
                     std::string_view service_name) {
  Json spans = Json::array();
  for (const RequestTrace& trace : traces) append_otlp(trace, clock, spans);
  const Json resource = {{"attributes", Json::array({text_attribute("service.name", service_name)})}};
  const Json scope = {{"name", "ridgeline"}, {"version", kVersion}};
  const Json scope_spans = {{"scope", scope}, {"spans", std::move(spans)}};
  const Json resource_spans = {{"resource", resource}, {"scopeSpans", Json::array({scope_spans})}};
  return {{"resourceSpans", Json::array({resource_spans})}};
}

}  // namespace ridgeline::serve
