#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace ridgeline {

/// Well-formed UTF-8: no overlong form, no surrogate, nothing past U+10FFFF.
bool is_utf8(std::string_view text);

/// Letters to insert, delete, exchange or swap with a neighbour until `a` is `b` (Damerau and Levenshtein).
size_t edit_distance(std::string_view a, std::string_view b);

/// The name that was probably meant by a misspelt one: fewest letters differ, at most a third of its own.
/// Empty where none is that near.
std::string_view nearest_name(std::string_view misspelt, std::span<const std::string_view> names);

}  // namespace ridgeline
