#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ridgeline {

/// Objects keep the order in which keys were set, so that documents read as they were designed.
using Json = nlohmann::ordered_json;

/// kInvalidArgument with `what` (a file, a message), the byte and the parser's reason.
Result<Json> parse_json(std::string_view text, std::string_view what);

/// Reads and parses a file.
Result<Json> read_json(const std::string& path);

/// The string at `pointer` ("/cpu/model"); empty when there is none.
std::string text_at(const Json& document, const std::string& pointer);
/// The number at `pointer`; 0 when there is none.
double number_at(const Json& document, const std::string& pointer);

}  // namespace ridgeline
