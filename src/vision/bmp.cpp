#include <array>
#include <bit>
#include <cstdlib>
#include <optional>

#include "vision/codecs.h"

namespace ridgeline::vision {
namespace {

/// Fields as Microsoft's BITMAPFILEHEADER and BITMAPINFOHEADER (or OS/2's short BITMAPCOREHEADER) lay them
/// out.
constexpr size_t kFileHeader = 14;
constexpr size_t kCoreHeader = 12;
constexpr size_t kInfoHeader = 40;
constexpr uint32_t kPlain = 0;
constexpr uint32_t kBitFields = 3;
constexpr uint32_t kAlphaBitFields = 6;

/// Little-endian numbers; bytes past the end read as 0, and lengths are checked before pixels are touched.
uint32_t number(Bytes file, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = 0; i < width && at + i < file.size(); ++i)
    value |= static_cast<uint32_t>(file[at + i]) << (8 * i);
  return value;
}

struct Header {
  int64_t width = 0;
  int64_t height = 0;
  bool top_down = false;
  uint32_t bits = 0;  ///< per pixel
  uint32_t compression = kPlain;
  size_t pixels_at = 0;
  size_t palette_at = 0;
  size_t palette_entry = 4;                                     ///< bytes
  std::array<uint32_t, 4> masks = {0xff0000, 0xff00, 0xff, 0};  ///< R, G, B, A of 16 bits and more

  size_t pitch() const { return (static_cast<size_t>(width) * bits + 31) / 32 * 4; }
};

Header read_header(Bytes file) {
  Header header;
  header.pixels_at = number(file, 10, 4);
  const size_t size = number(file, kFileHeader, 4);
  header.palette_at = kFileHeader + size;
  if (size == kCoreHeader) {
    header.width = number(file, 18, 2);
    header.height = number(file, 20, 2);
    header.bits = number(file, 24, 2);
    header.palette_entry = 3;
    return header;
  }
  header.width = static_cast<int32_t>(number(file, 18, 4));
  const int64_t height = static_cast<int32_t>(number(file, 22, 4));
  header.height = std::abs(height);
  header.top_down = height < 0;
  header.bits = number(file, 28, 2);
  header.compression = number(file, 30, 4);
  if (header.compression == kPlain) {
    if (header.bits == 16) header.masks = {0x7c00, 0x3e0, 0x1f, 0};
  } else {
    // The masks follow the 40 bytes in every header, as its fields or behind it.
    const bool has_alpha = header.compression == kAlphaBitFields || size >= kInfoHeader + 16;
    for (size_t i = 0; i < (has_alpha ? 4U : 3U); ++i)
      header.masks[i] = number(file, kFileHeader + kInfoHeader + 4 * i, 4);
  }
  return header;
}

Status check(const Header& header, Bytes file) {
  const size_t size = number(file, kFileHeader, 4);
  if (file.size() < kFileHeader + kCoreHeader || (size != kCoreHeader && size < kInfoHeader))
    return invalid_argument("damaged BMP header");
  RETURN_IF_ERROR(check_dimensions(header.width, header.height));
  const bool fields = header.compression == kBitFields || header.compression == kAlphaBitFields;
  if (header.compression != kPlain && !fields)
    return unsupported("compressed BMP (method {}); save it without compression", header.compression);
  const bool indexed = header.bits == 1 || header.bits == 4 || header.bits == 8;
  const bool direct = header.bits == 16 || header.bits == 24 || header.bits == 32;
  if (!direct && (!indexed || fields)) return unsupported("BMP of {} bits per pixel", header.bits);
  if (header.bits == 24 && fields) return invalid_argument("damaged BMP header");
  for (const uint32_t mask : header.masks)
    if (fields && (mask >> std::countr_zero(mask | 1U << 31)) + 1U > 1U << 16)
      return unsupported("BMP with more than 16 bits in a channel");
  if (header.pixels_at > file.size() ||
      header.pitch() > (file.size() - header.pixels_at) / static_cast<size_t>(header.height))
    return invalid_argument("truncated BMP: {} bytes for {}x{} pixels of {} bits", file.size(), header.width,
                            header.height, header.bits);
  return {};
}

/// The bits under the mask as a level from 0 to 255; none for an empty mask.
std::optional<uint8_t> level(uint32_t pixel, uint32_t mask) {
  if (mask == 0) return std::nullopt;
  const int shift = std::countr_zero(mask);
  const uint32_t most = mask >> shift;
  return static_cast<uint8_t>((((pixel & mask) >> shift) * 255U + most / 2) / most);
}

void write_masked(const Header& header, const uint8_t* row, Image& out, int y) {
  const size_t bytes = header.bits / 8;
  for (int x = 0; x < out.width; ++x) {
    const uint32_t pixel = number({row + static_cast<size_t>(x) * bytes, bytes}, 0, bytes);
    const uint32_t alpha = level(pixel, header.masks[3]).value_or(255);
    for (size_t c = 0; c < 3; ++c)
      out.pixel(x, y)[c] = blend_level_on_white(level(pixel, header.masks[c]).value_or(0), alpha);
  }
}

void write_indexed(const Header& header, Bytes file, const uint8_t* row, Image& out, int y) {
  const uint32_t per_byte = 8 / header.bits;
  for (int x = 0; x < out.width; ++x) {
    const auto place = static_cast<uint32_t>(x);
    const uint32_t shift = 8 - header.bits * (place % per_byte + 1);
    const uint32_t index = (row[place / per_byte] >> shift) & ((1U << header.bits) - 1);
    const size_t color = header.palette_at + index * header.palette_entry;
    for (size_t c = 0; c < 3; ++c) out.pixel(x, y)[c] = static_cast<uint8_t>(number(file, color + 2 - c, 1));
  }
}

}  // namespace

Result<Image> decode_bmp(Bytes bytes) {
  const Header header = read_header(bytes);
  RETURN_IF_ERROR(check(header, bytes));
  Image image(static_cast<int>(header.width), static_cast<int>(header.height));
  for (int y = 0; y < image.height; ++y) {
    const auto stored = static_cast<size_t>(header.top_down ? y : image.height - 1 - y);
    const uint8_t* row = bytes.data() + header.pixels_at + stored * header.pitch();
    if (header.bits <= 8)
      write_indexed(header, bytes, row, image, y);
    else
      write_masked(header, row, image, y);
  }
  return image;
}

}  // namespace ridgeline::vision
