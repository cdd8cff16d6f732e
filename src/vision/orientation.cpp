#include "vision/orientation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace ridgeline::vision {
namespace {

/// Reads of a TIFF block that answer nothing past its end.
class TiffReader {
 public:
  explicit TiffReader(Bytes block) : block_(block), little_endian_(!block.empty() && block[0] == 'I') {}

  std::optional<uint32_t> u16(size_t at) const { return number(at, 2); }
  std::optional<uint32_t> u32(size_t at) const { return number(at, 4); }

 private:
  std::optional<uint32_t> number(size_t at, size_t width) const {
    if (at > block_.size() || width > block_.size() - at) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < width; ++i)
      value = value << 8 | block_[little_endian_ ? at + width - 1 - i : at + i];
    return value;
  }

  Bytes block_;
  bool little_endian_;
};

int tiff_orientation(Bytes block) {
  constexpr uint32_t kOrientationTag = 0x0112;
  const TiffReader tiff(block);
  const auto ifd = tiff.u32(4);
  const auto entries = ifd ? tiff.u16(*ifd) : std::nullopt;
  for (uint32_t entry = 0; entry < entries.value_or(0); ++entry) {
    const size_t at = static_cast<size_t>(*ifd) + 2 + entry * size_t{12};
    if (tiff.u16(at) != kOrientationTag) continue;
    const uint32_t value = tiff.u16(at + 8).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

bool is_exif(Bytes payload) {
  static constexpr std::string_view kHeader("Exif\0\0", 6);
  return payload.size() > kHeader.size() && std::equal(kHeader.begin(), kHeader.end(), payload.begin());
}

}  // namespace

int jpeg_orientation(Bytes jpeg) {
  constexpr uint8_t kApp1 = 0xe1;
  constexpr uint8_t kStartOfScan = 0xda;
  for (size_t at = 2; at + 4 <= jpeg.size() && jpeg[at] == 0xff && jpeg[at + 1] != kStartOfScan;) {
    const size_t length = static_cast<size_t>(jpeg[at + 2]) << 8 | jpeg[at + 3];
    if (length < 2 || at + 2 + length > jpeg.size()) return 1;
    const Bytes payload = jpeg.subspan(at + 4, length - 2);
    if (jpeg[at + 1] == kApp1 && is_exif(payload)) return tiff_orientation(payload.subspan(6));
    at += 2 + length;
  }
  return 1;
}

Turn Turn::for_orientation(int orientation) {
  if (orientation < 1 || orientation > 8) return {};
  return {.transposed = orientation >= 5,
          .from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8,
          .from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7};
}

void turn_upright(const ImageView& image, const Turn& turn, Image& out) {
  out.reshape(turn.transposed ? image.height : image.width, turn.transposed ? image.width : image.height);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const int along_x = turn.transposed ? y : x;
      const int along_y = turn.transposed ? x : y;
      const int from_x = turn.from_right ? image.width - 1 - along_x : along_x;
      const int from_y = turn.from_bottom ? image.height - 1 - along_y : along_y;
      std::copy_n(image.row(from_y) + ptrdiff_t{3} * from_x, 3, out.pixel(x, y));
    }
  }
}

Rectangle stored_rectangle(const Rectangle& upright, const Turn& turn, int width, int height) {
  Rectangle stored = upright;
  if (turn.transposed) stored = {upright.top, upright.left, upright.height, upright.width};
  if (turn.from_right) stored.left = width - stored.left - stored.width;
  if (turn.from_bottom) stored.top = height - stored.top - stored.height;
  return stored;
}

}  // namespace ridgeline::vision
