#include "serve/observe/trace_context.h"

#include <span>

namespace ridgeline::serve {
namespace {

/// Lower case alone, as the recommendation has it; -1 for all else.
int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool read_hex(std::string_view text, std::span<uint8_t> bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view header) {
  constexpr size_t kTraceId = 3;  // VV-T{32}-S{16}-FF
  constexpr size_t kSpanId = 36;
  constexpr size_t kFlags = 53;
  constexpr size_t kLength = 55;
  constexpr uint8_t kNoVersion = 0xff;
  if (header.size() < kLength) return {};
  for (const size_t after : {kTraceId, kSpanId, kFlags})
    if (header[after - 1] != '-') return {};
  uint8_t version = 0;
  uint8_t flags = 0;
  TraceContext context;
  if (!read_hex(header, {&version, 1}) || !read_hex(header.substr(kTraceId), context.trace_id) ||
      !read_hex(header.substr(kSpanId), context.span_id) || !read_hex(header.substr(kFlags), {&flags, 1}))
    return {};
  // Later versions may append fields.
  if (version == kNoVersion || (header.size() > kLength && (version == 0 || header[kLength] != '-')))
    return {};
  if (context.trace_id == TraceId{} || context.span_id == SpanId{}) return {};
  context.sampled = (flags & 1) != 0;
  return context;
}

}  // namespace ridgeline::serve
