#include "vision/decode.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "vision/codecs.h"
#include "vision/orientation.h"

namespace ridgeline::vision {
namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 28;

bool starts_with(Bytes bytes, std::string_view magic, size_t offset = 0) {
  return bytes.size() >= offset + magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

}  // namespace

bool is_jpeg(Bytes file) { return starts_with(file, "\xff\xd8\xff"); }

Result<Image> decode_upright(Bytes bytes) {
  if (is_jpeg(bytes)) {
    ASSIGN_OR_RETURN(Image image, decode_jpeg(bytes));
    const Turn turn = Turn::for_orientation(jpeg_orientation(bytes));
    if (turn.none()) return image;
    Image upright;
    turn_upright(view_of(image), turn, upright);
    return upright;
  }
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return decode_png(bytes);
  if (starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8)) return decode_webp(bytes);
  if (starts_with(bytes, "GIF87a") || starts_with(bytes, "GIF89a")) return decode_gif(bytes);
  if (starts_with(bytes, "BM")) return decode_bmp(bytes);
  if (bytes.empty()) return invalid_argument("the file is empty");
  return unsupported("not a JPEG, PNG, WebP, BMP or GIF image; convert it to one of these");
}

Status check_dimensions(int64_t width, int64_t height) {
  if (width <= 0 || height <= 0) return invalid_argument("the image is empty ({}x{})", width, height);
  if (width > kMaxPixels / height)
    return invalid_argument("the image is too large ({}x{} pixels)", width, height);
  return {};
}

Image blend_on_white(std::span<const uint8_t> rgba, int width, int height) {
  Image image(width, height);
  for (size_t pixel = 0; pixel < rgba.size() / 4; ++pixel) {
    const uint32_t alpha = rgba[pixel * 4 + 3];
    for (size_t c = 0; c < 3; ++c)
      image.rgb[pixel * 3 + c] = blend_level_on_white(rgba[pixel * 4 + c], alpha);
  }
  return image;
}

Result<Image> decode_image(std::span<const std::byte> bytes, std::string_view what) {
  Result<Image> image = decode_upright({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  if (!image.ok()) return std::move(image).status().with_context(what);
  return image;
}

Result<Image> load_image(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content, read_file(path));
  return decode_image(std::as_bytes(std::span(content)), path);
}

}  // namespace ridgeline::vision
