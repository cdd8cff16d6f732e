#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// One decoder per format, behind decode_image; messages do not name the file yet.
using Bytes = std::span<const uint8_t>;

bool is_jpeg(Bytes file);
Result<Image> decode_jpeg(Bytes bytes);
Result<Image> decode_png(Bytes bytes);
Result<Image> decode_webp(Bytes bytes);

/// decode_image without the file's name in its messages.
Result<Image> decode_upright(Bytes file);

/// kInvalidArgument when a header's dimensions are empty or past 2^28 pixels.
Status check_dimensions(int64_t width, int64_t height);

/// RGBA pixels (4 bytes each, not premultiplied) blended on white.
Image blend_on_white(std::span<const uint8_t> rgba, int width, int height);

}  // namespace ridgeline::vision
