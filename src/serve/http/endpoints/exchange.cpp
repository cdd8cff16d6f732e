#include "serve/http/endpoints/exchange.h"

#include "serve/http/compression.h"
#include "serve/http/response_text.h"
#include "wire/error.h"

namespace ridgeline::serve::http {

Result<Body> body_of(const std::shared_ptr<const Request>& request, size_t most_bytes) {
  const std::string_view encoding = request->header("Content-Encoding");
  if (encoding.empty()) return Body{request, request->body()};
  ASSIGN_OR_RETURN(const Coding coding, coding_from(encoding));
  if (coding == Coding::kIdentity) return Body{request, request->body()};
  ASSIGN_OR_RETURN(Unpacked unpacked, unpack(coding, request->body(), most_bytes));
  return Body{std::move(unpacked.owner), unpacked.bytes};
}

Response json_response(std::string body) {
  Response response;
  response.content_type = "application/json";
  response.head = std::move(body);
  return response;
}

Response response_of(const Status& error) {
  return error_response(wire::http_status_of(error.code()), error.message());
}

}  // namespace ridgeline::serve::http
