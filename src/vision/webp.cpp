#include <webp/decode.h>

#include "vision/codecs.h"

namespace ridgeline::vision {

Result<Image> decode_webp(Bytes bytes) {
  WebPBitstreamFeatures features{};
  if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK)
    return invalid_argument("damaged WebP header");
  if (features.has_animation != 0) return unsupported("animated WebP; extract one frame");
  RETURN_IF_ERROR(check_dimensions(features.width, features.height));
  std::vector<uint8_t> rgba(static_cast<size_t>(features.width) * static_cast<size_t>(features.height) * 4);
  if (WebPDecodeRGBAInto(bytes.data(), bytes.size(), rgba.data(), rgba.size(), features.width * 4) == nullptr)
    return invalid_argument("damaged WebP data");
  return blend_on_white(rgba, features.width, features.height);
}

}  // namespace ridgeline::vision
