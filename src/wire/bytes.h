#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

/// BYTES tensors: for each element a little-endian u32 length and that many bytes.
namespace ridgeline::wire {

/// Takes the first element off `rest`; nullopt, with `rest` as it was, when it is cut short.
std::optional<std::string_view> take_string(std::span<const std::byte>& rest);

/// Puts an element at the end. The text is shorter than 4 GiB.
void append_string(std::vector<std::byte>& tensor, std::string_view text);

/// kInvalidArgument, in Triton's words, unless `tensor` holds exactly `count` whole elements.
Status check_strings(std::span<const std::byte> tensor, uint64_t count, std::string_view input);

}  // namespace ridgeline::wire
