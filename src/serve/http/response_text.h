#pragma once

#include <string>
#include <string_view>

#include "serve/http/message.h"

namespace ridgeline::serve::http {

/// How a client learns where a body ends.
enum class Framing { kLength, kChunks, kClose };

/// The status line and headers of `response`, with the length of its body where that is its framing.
std::string header_text(const Response& response, bool keeps_open, Framing framing = Framing::kLength);

size_t body_size(const Response& response);

/// {"error": reason} as JSON.
Response error_response(int status, std::string_view reason);

}  // namespace ridgeline::serve::http
