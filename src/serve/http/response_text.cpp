#include "serve/http/response_text.h"

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include "wire/http/infer_response.h"

namespace ridgeline::serve::http {

size_t body_size(const Response& response) {
  size_t size = response.head.size();
  for (const auto& part : response.parts) size += part.size();
  return size;
}

std::string header_text(const Response& response, bool keeps_open, Framing framing) {
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  std::string text;
  text.reserve(160);
  auto out = std::back_inserter(text);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", response.status, std::string_view(reason.data(), reason.size()));
  if (!response.content_type.empty()) fmt::format_to(out, "Content-Type: {}\r\n", response.content_type);
  for (const auto& [name, value] : response.headers) fmt::format_to(out, "{}: {}\r\n", name, value);
  if (!keeps_open) text += "Connection: close\r\n";
  if (framing == Framing::kChunks) text += "Transfer-Encoding: chunked\r\n";
  if (framing == Framing::kLength) fmt::format_to(out, "Content-Length: {}\r\n", body_size(response));
  return text += "\r\n";
}

Response error_response(int status, std::string_view reason) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.head = wire::http::encode_error(reason);
  return response;
}

}  // namespace ridgeline::serve::http
