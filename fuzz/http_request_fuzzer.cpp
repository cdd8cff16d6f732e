#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <cstdlib>

#include "serve/http/compression.h"
#include "serve/http/incoming.h"
#include "serve/http/route.h"
#include "wire/http/control.h"

namespace {

using namespace ridgeline;
using namespace ridgeline::serve::http;

constexpr Limits kLimits{.header_bytes = 4096, .body_bytes = 8192};

void must(bool promise) {
  if (!promise) std::abort();
}

/// What its path and its body are taken for; views lie within the request.
void take(const Incoming& request) {
  const Routed routed = route(request.method(), request.target());
  must(routed.status == 200 || routed.status == 404 || routed.status == 405);
  for (const std::string_view part : {routed.route.model, routed.route.version, routed.route.region})
    must(part.empty() || request.target().find(part) != std::string_view::npos);
  (void)access_class(routed.route.endpoint);
  (void)best_coding(request.header("Accept-Encoding"));

  std::span<const std::byte> bytes = request.body();
  must(bytes.size() <= kLimits.body_bytes);
  Unpacked unpacked;
  const auto coding = coding_from(request.header("Content-Encoding"));
  if (coding.ok() && *coding != Coding::kIdentity) {
    auto result = unpack(*coding, bytes, kLimits.body_bytes);
    if (!result.ok()) return must(!result.status().message().empty());
    unpacked = std::move(*result);
    bytes = unpacked.bytes;
    must(bytes.size() <= kLimits.body_bytes);
  }
  const std::string_view body(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  (void)wire::http::decode_index_request(body);
  (void)wire::http::decode_load_request(body);
  (void)wire::http::decode_unload_request(body);
  (void)wire::http::decode_register_request(body);
  wire::http::LogSettings log;
  if (wire::http::update_log_settings(body, log).ok()) must(!wire::http::encode_log_settings(log).empty());
  wire::http::TraceSettings trace;
  if (wire::http::update_trace_settings(body, {}, trace).ok())
    must(!wire::http::encode_trace_settings(trace).empty());
}

}  // namespace

/// Any bytes are HTTP requests, one after the other, or refused; what is taken keeps to the limits.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  boost::asio::const_buffer rest(data, size);
  while (rest.size() > 0) {
    Incoming request(kLimits);
    request.parser().eager(true);
    boost::beast::error_code error;
    rest += request.parser().put(rest, error);
    if (error || !request.parser().is_done()) return 0;
    take(request);
  }
  return 0;
}
