#pragma once

#include <string>

#include "base/status.h"
#include "vision/image.h"

namespace ridgeline::vision {

struct JpegOptions {
  int quality = 90;   ///< 1 to 100
  bool gray = false;  ///< one channel, luma of the RGB
  bool progressive = false;
};
/// The bytes of a JPEG file.
Result<std::string> encode_jpeg(const Image& image, const JpegOptions& options);

enum class PngColor { kRgb, kRgba, kGray };
/// The bytes of an 8-bit PNG file; kRgba writes a soft circular mask as alpha, kGray the luma.
Result<std::string> encode_png(const Image& image, PngColor color);

}  // namespace ridgeline::vision
