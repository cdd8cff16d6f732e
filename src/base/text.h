#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ridgeline {

/// The parts between separators, empty ones too: one more than there are separators. They point into `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A field of a CSV line: in quotes where it holds a comma, a quote or a line's end (RFC 4180).
std::string csv_quoted(std::string_view text);

}  // namespace ridgeline
