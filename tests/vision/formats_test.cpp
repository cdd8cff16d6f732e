#include <array>
#include <gif_lib.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "vision/decode.h"

namespace ridgeline::vision {
namespace {

using ::testing::HasSubstr;

Result<Image> decode(const std::string& file) {
  return decode_image(std::as_bytes(std::span(file)), "test.img");
}

std::vector<int> pixel_at(const Image& image, int x, int y) {
  return {image.pixel(x, y)[0], image.pixel(x, y)[1], image.pixel(x, y)[2]};
}

std::string little_endian(uint32_t value, int width = 4) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

struct Bmp {
  int width = 3;
  int height = 2;  ///< negative for rows from the top
  int bits = 24;
  uint32_t compression = 0;
  std::string after_header;  ///< palette or masks
  std::string rows;
  std::string bytes() const {
    const auto pixels_at = static_cast<uint32_t>(54 + after_header.size());
    return "BM" + little_endian(0) + little_endian(0) + little_endian(pixels_at) + little_endian(40) +
           little_endian(static_cast<uint32_t>(width)) + little_endian(static_cast<uint32_t>(height)) +
           little_endian(1, 2) + little_endian(static_cast<uint32_t>(bits), 2) + little_endian(compression) +
           std::string(20, '\0') + after_header + rows;
  }
};

const std::string kLowerRow = {'\x03', '\x02', '\x01', 0, 0, 0, 0, 0, 0, 0, 0, 0};
const std::string kUpperRow = {'\x09', '\x08', '\x07', 0, 0, 0, 0, 0, 0, 0, 0, 0};

TEST(Bmp, OfTrueColourIsReadFromTheBottomOrTheTop) {
  const Image upward = decode(Bmp{.rows = kLowerRow + kUpperRow}.bytes()).value();
  EXPECT_EQ(pixel_at(upward, 0, 0), (std::vector{7, 8, 9}));
  EXPECT_EQ(pixel_at(upward, 0, 1), (std::vector{1, 2, 3}));
  const Image downward = decode(Bmp{.height = -2, .rows = kLowerRow + kUpperRow}.bytes()).value();
  EXPECT_EQ(pixel_at(downward, 0, 0), (std::vector{1, 2, 3}));
}

TEST(Bmp, OfAPaletteIsReadWithOneFourAndEightBits) {
  const std::string palette = {0, 0, 0, 0, '\x11', '\x22', '\x33', 0};
  for (const auto& [bits, row] : {std::pair{1, '\x40'}, {4, '\x01'}, {8, '\0'}}) {
    std::string rows = {row, '\x01', '\x01', 0};
    const Image image =
        decode(Bmp{.width = 2, .height = 1, .bits = bits, .after_header = palette, .rows = rows}.bytes())
            .value();
    EXPECT_EQ(pixel_at(image, 0, 0), (std::vector{0, 0, 0})) << bits;
    EXPECT_EQ(pixel_at(image, 1, 0), (std::vector{0x33, 0x22, 0x11})) << bits;
  }
}

TEST(Bmp, OfThirtyTwoBitsKeepsColoursAndBlendsAlphaOnWhiteWhereThereIsAMask) {
  const std::string pixel = {'\x30', '\x20', '\x10', '\0'};
  Bmp file{.width = 1, .height = 1, .bits = 32, .rows = pixel};
  EXPECT_EQ(pixel_at(decode(file.bytes()).value(), 0, 0), (std::vector{0x10, 0x20, 0x30}));
  file.compression = 6;
  for (const uint32_t mask : {0xff0000U, 0xff00U, 0xffU, 0xff000000U})
    file.after_header += little_endian(mask);
  EXPECT_EQ(pixel_at(decode(file.bytes()).value(), 0, 0), (std::vector{255, 255, 255}));
}

TEST(Bmp, OfSixteenBitsIsReadThroughItsMasks) {
  Bmp file{.width = 1, .height = 1, .bits = 16, .compression = 3, .rows = little_endian(0xf81f, 4)};
  for (const uint32_t mask : {0xf800U, 0x7e0U, 0x1fU}) file.after_header += little_endian(mask);
  EXPECT_EQ(pixel_at(decode(file.bytes()).value(), 0, 0), (std::vector{255, 0, 255}));
}

TEST(Bmp, TruncatedCompressedOrOversizedIsRefused) {
  const std::string whole = Bmp{.rows = kLowerRow + kUpperRow}.bytes();
  for (size_t size = 2; size < whole.size(); ++size) EXPECT_FALSE(decode(whole.substr(0, size)).ok()) << size;
  EXPECT_THAT(decode(Bmp{.bits = 8, .compression = 1, .rows = kLowerRow}.bytes()).status().message(),
              HasSubstr("compressed BMP"));
  EXPECT_FALSE(decode(Bmp{.width = 1 << 30, .height = 1 << 30, .rows = kLowerRow}.bytes()).ok());
  EXPECT_FALSE(decode(Bmp{.height = INT32_MIN, .rows = kLowerRow}.bytes()).ok());
  EXPECT_FALSE(decode(Bmp{.bits = 7, .rows = kLowerRow}.bytes()).ok());
}

struct GifPicture {
  int left = 0, top = 0, width = 4, height = 9;
  bool interlaced = false;
  std::optional<int> transparent;
};

int append(GifFileType* gif, const GifByteType* bytes, int count) {
  static_cast<std::string*>(gif->UserData)
      ->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
  return count;
}

/// A screen of 6 × 10 with one picture whose row y has colour y % 4: black, red, green, blue.
std::string gif_file(const GifPicture& picture) {
  std::string bytes;
  int error = 0;
  GifFileType* gif = EGifOpen(&bytes, append, &error);
  constexpr std::array<GifColorType, 4> kColors = {{{0, 0, 0}, {255, 0, 0}, {0, 255, 0}, {0, 0, 255}}};
  ColorMapObject* map = GifMakeMapObject(4, kColors.data());
  EGifSetGifVersion(gif, true);
  EXPECT_EQ(EGifPutScreenDesc(gif, 6, 10, 2, 0, map), GIF_OK);
  if (picture.transparent) {
    const GraphicsControlBlock control{0, false, 0, *picture.transparent};
    std::array<GifByteType, 4> block{};
    EGifGCBToExtension(&control, block.data());
    EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, 4, block.data());
  }
  EGifPutImageDesc(gif, picture.left, picture.top, picture.width, picture.height, picture.interlaced,
                   nullptr);
  const std::vector<int> interlaced_order = {0, 8, 4, 2, 6, 1, 3, 5, 7};
  for (int i = 0; i < picture.height; ++i) {
    const int y = picture.interlaced ? interlaced_order[static_cast<size_t>(i)] : i;
    std::vector<GifPixelType> row(static_cast<size_t>(picture.width), static_cast<GifPixelType>(y % 4));
    EGifPutLine(gif, row.data(), picture.width);
  }
  EGifCloseFile(gif, &error);
  GifFreeMapObject(map);
  return bytes;
}

TEST(Gif, PictureLiesOnAWhiteScreenWithItsRowsInPlace) {
  for (const bool interlaced : {false, true}) {
    const Image image = decode(gif_file({.left = 1, .top = 1, .interlaced = interlaced})).value();
    ASSERT_EQ(image.width, 6);
    ASSERT_EQ(image.height, 10);
    EXPECT_EQ(pixel_at(image, 0, 0), (std::vector{255, 255, 255}));
    EXPECT_EQ(pixel_at(image, 1, 1), (std::vector{0, 0, 0}));
    EXPECT_EQ(pixel_at(image, 1, 2), (std::vector{255, 0, 0}));
    EXPECT_EQ(pixel_at(image, 4, 8), (std::vector{0, 0, 255}));
  }
}

TEST(Gif, TransparentColourShowsWhite) {
  const Image image = decode(gif_file({.transparent = 1})).value();
  EXPECT_EQ(pixel_at(image, 0, 1), (std::vector{255, 255, 255}));
  EXPECT_EQ(pixel_at(image, 0, 2), (std::vector{0, 255, 0}));
}

TEST(Gif, TruncatedIsRefused) {
  const std::string whole = gif_file({});
  // The trailer and the block's end after the last row are not needed.
  for (size_t size = 6; size + 4 < whole.size(); ++size)
    EXPECT_FALSE(decode(whole.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace ridgeline::vision
