#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// Pixels of a JPEG, PNG, WebP, BMP or GIF (its first picture) file, upright (EXIF orientation applied) and
/// RGB: gray is repeated, alpha is blended on white, CMYK is converted. kInvalidArgument, naming `what`, for
/// damaged, truncated or oversized files; kUnsupported for other formats. Images are limited to 2^28 pixels.
/// Thread-safe.
Result<Image> decode_image(std::span<const std::byte> bytes, std::string_view what);

/// Reads and decodes a file; messages name its path.
Result<Image> load_image(const std::string& path);

}  // namespace ridgeline::vision
