#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace ridgeline {

/// A YAML document as JSON. Plain scalars become null, booleans and numbers where they read as such (a number
/// with a leading zero stays text, as a name would want); quoted ones stay text. Keys keep their order; a key
/// that stands twice is an error. kInvalidArgument with `what` (a file, a flag), the line and the reason.
Result<Json> parse_yaml(std::string_view text, std::string_view what);

/// Reads and parses a file.
Result<Json> read_yaml(const std::string& path);

/// The document in block style, lists of scalars on one line; parse_yaml() reads it back equal.
std::string to_yaml(const Json& document);

}  // namespace ridgeline
