#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/http/message.h"
#include "serve/http/route.h"
#include "serve/observe/trace_context.h"
#include "serve/time.h"

/// What all endpoints share: only this folder's sources include this.
namespace ridgeline::serve::http {

/// A request at its endpoint. The route points into the request.
struct Exchange {
  std::shared_ptr<const Request> request;
  Reply reply;
  Route route;
  TimePoint received;

  std::string model() const { return std::string(route.model); }
  std::string version() const { return std::string(route.version); }
  /// What the request is part of.
  std::optional<TraceContext> trace() const {
    return parse_traceparent(request->only_header(TraceContext::kHeader));
  }
};

/// A request's body as it was before Content-Encoding, and what owns it.
struct Body {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;

  std::string_view text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// kInvalidArgument where it unpacks to more than `most_bytes`, or not at all.
Result<Body> body_of(const std::shared_ptr<const Request>& request, size_t most_bytes);

Response json_response(std::string body);
/// With the status of its code.
Response response_of(const Status& error);

}  // namespace ridgeline::serve::http
