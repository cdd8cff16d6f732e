#include <algorithm>
#include <cmath>
#include <memory>
#include <spng.h>
#include <vector>

#include "vision/codecs.h"
#include "vision/encode.h"

namespace ridgeline::vision {
namespace {

struct ContextDeleter {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using Context = std::unique_ptr<spng_ctx, ContextDeleter>;

/// ITU-R BT.601 luma, as JPEG uses.
uint8_t luma(const uint8_t* rgb) {
  return static_cast<uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
}

uint8_t mask_alpha(const Image& image, int x, int y) {
  const double dx = (x + 0.5) / image.width * 2 - 1;
  const double dy = (y + 0.5) / image.height * 2 - 1;
  return static_cast<uint8_t>(std::clamp((1.2 - std::hypot(dx, dy)) * 5, 0.0, 1.0) * 255);
}

std::vector<uint8_t> png_pixels(const Image& image, PngColor color) {
  if (color == PngColor::kRgb) return image.rgb;
  std::vector<uint8_t> pixels;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const uint8_t* rgb = image.pixel(x, y);
      if (color == PngColor::kGray) {
        pixels.push_back(luma(rgb));
      } else {
        pixels.insert(pixels.end(), rgb, rgb + 3);
        pixels.push_back(mask_alpha(image, x, y));
      }
    }
  }
  return pixels;
}

}  // namespace

Result<Image> decode_png(Bytes bytes) {
  const Context context(spng_ctx_new(0));
  if (!context) return out_of_memory("no memory for a PNG decoder");
  const auto damaged = [](int error) { return invalid_argument("damaged PNG ({})", spng_strerror(error)); };
  constexpr size_t kMaxChunkBytes = size_t{64} << 20;
  spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxChunkBytes);
  if (const int error = spng_set_png_buffer(context.get(), bytes.data(), bytes.size())) return damaged(error);
  spng_ihdr header{};
  if (const int error = spng_get_ihdr(context.get(), &header)) return damaged(error);
  RETURN_IF_ERROR(check_dimensions(header.width, header.height));
  // Deflate makes at most 258 bytes of 2 bits: no memory is spent on what can't be there.
  constexpr size_t kMostPerByte = 1032;
  const size_t packed_bytes = size_t{header.width} * header.height * header.bit_depth / 8;
  if (packed_bytes > bytes.size() * kMostPerByte)
    return invalid_argument("damaged PNG ({} bytes can't hold {}x{} pixels)", bytes.size(), header.width,
                            header.height);
  std::vector<uint8_t> rgba(size_t{header.width} * header.height * 4);
  if (const int error =
          spng_decode_image(context.get(), rgba.data(), rgba.size(), SPNG_FMT_RGBA8, SPNG_DECODE_TRNS))
    return damaged(error);
  return blend_on_white(rgba, static_cast<int>(header.width), static_cast<int>(header.height));
}

Result<std::string> encode_png(const Image& image, PngColor color) {
  RETURN_IF_ERROR(check_dimensions(image.width, image.height));
  const Context context(spng_ctx_new(SPNG_CTX_ENCODER));
  if (!context) return out_of_memory("no memory for a PNG encoder");
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = static_cast<uint32_t>(image.width);
  header.height = static_cast<uint32_t>(image.height);
  header.bit_depth = 8;
  header.color_type = color == PngColor::kRgb    ? SPNG_COLOR_TYPE_TRUECOLOR
                      : color == PngColor::kRgba ? SPNG_COLOR_TYPE_TRUECOLOR_ALPHA
                                                 : SPNG_COLOR_TYPE_GRAYSCALE;
  const auto failed = [](int error) {
    return internal_error("PNG encoding failed ({})", spng_strerror(error));
  };
  if (const int error = spng_set_ihdr(context.get(), &header)) return failed(error);
  const std::vector<uint8_t> pixels = png_pixels(image, color);
  if (const int error =
          spng_encode_image(context.get(), pixels.data(), pixels.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE))
    return failed(error);
  size_t size = 0;
  int error = 0;
  const std::unique_ptr<void, decltype(&std::free)> file(spng_get_png_buffer(context.get(), &size, &error),
                                                         std::free);
  if (!file) return failed(error);
  return std::string(static_cast<const char*>(file.get()), size);
}

}  // namespace ridgeline::vision
