#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ridgeline::wire::http {

/// The bytes behind base64 text (RFC 4648, padded); nullopt for any other text.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace ridgeline::wire::http
