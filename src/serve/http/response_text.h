#pragma once

#include <string>
#include <string_view>

#include "serve/http/message.h"

namespace ridgeline::serve::http {

/// The status line and headers of `response`, with the length of its body.
std::string header_text(const Response& response, bool keeps_open);

size_t body_size(const Response& response);

/// {"error": reason} as JSON.
Response error_response(int status, std::string_view reason);

}  // namespace ridgeline::serve::http
