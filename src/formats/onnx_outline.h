#pragma once

#include <string>

#include "base/status.h"

namespace ridgeline::formats {

/// What stands in an outline for the location of bytes that were not read.
inline constexpr char kLeftOut[] = "";

/// The ONNX model in a regular file, the raw bytes of its large initializers left in the file: such a tensor
/// has external data of that length at kLeftOut instead. kInvalidArgument where the file is no such model.
Result<std::string> read_outline(const std::string& path);

}  // namespace ridgeline::formats
