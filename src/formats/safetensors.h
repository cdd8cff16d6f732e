#pragma once

#include <string>

#include "base/mapped_file.h"
#include "base/status.h"
#include "formats/state_dict.h"

namespace ridgeline::formats {

/// Does the file begin as safetensors do: the header's length, then an object?
bool is_safetensors(std::span<const std::byte> bytes);

/// Every type, shape and offset is checked; tensors that overlap or leave holes are refused.
Result<StateDict> read_safetensors(const MappedBytes& file);

/// The file's content. kInvalidArgument for a name that occurs twice or isn't UTF-8.
Result<std::string> to_safetensors(const StateDict& weights);

}  // namespace ridgeline::formats
