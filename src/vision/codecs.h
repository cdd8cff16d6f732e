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
/// Uncompressed, 1 to 32 bits per pixel.
Result<Image> decode_bmp(Bytes bytes);
/// The first picture, on a white screen.
Result<Image> decode_gif(Bytes bytes);

/// decode_image without the file's name in its messages.
Result<Image> decode_upright(Bytes file);

/// kInvalidArgument when a header's dimensions are empty or past 2^28 pixels.
Status check_dimensions(int64_t width, int64_t height);

/// A level of a colour seen through `alpha` (0 to 255) before white.
inline uint8_t blend_level_on_white(uint32_t level, uint32_t alpha) {
  return static_cast<uint8_t>((level * alpha + 255 * (255 - alpha) + 127) / 255);
}

/// RGBA pixels (4 bytes each, not premultiplied) blended on white.
Image blend_on_white(std::span<const uint8_t> rgba, int width, int height);

}  // namespace ridgeline::vision
