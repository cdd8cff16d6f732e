#include "vision/image_reader.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/rng.h"
#include "vision/decode.h"
#include "vision/encode.h"

namespace ridgeline::vision {
namespace {

Image photo_like(int width, int height) {
  Image image(width, height);
  Rng random(3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        image.pixel(x, y)[c] = static_cast<uint8_t>(100 + 60 * std::sin(x * 0.13 * (c + 1)) +
                                                    40 * std::sin(y * 0.21 + x * 0.05 * c) +
                                                    static_cast<double>(random.below(12)));
  return image;
}

Bytes bytes_of(const std::string& file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

Image copy_of(const ImageView& view) {
  Image image(view.width, view.height);
  for (int y = 0; y < view.height; ++y) std::copy_n(view.row(y), size_t{3} * view.width, image.pixel(0, y));
  return image;
}

Rectangle random_part(int width, int height, Rng& random) {
  Rectangle part;
  part.width = 1 + static_cast<int>(random.below(static_cast<uint64_t>(width)));
  part.height = 1 + static_cast<int>(random.below(static_cast<uint64_t>(height)));
  part.left = static_cast<int>(random.below(static_cast<uint64_t>(width - part.width + 1)));
  part.top = static_cast<int>(random.below(static_cast<uint64_t>(height - part.height + 1)));
  return part;
}

std::vector<std::string> kinds_of_jpeg() {
  const Image image = photo_like(151, 117);
  return {encode_jpeg(image, {}).value(), encode_jpeg(image, {.progressive = true}).value(),
          encode_jpeg(image, {.gray = true}).value()};
}

TEST(ImageReader, APartIsWhatTheWholePictureHasThere) {
  Rng random(11);
  ImageReader reader;
  for (const std::string& file : kinds_of_jpeg()) {
    const Image whole = decode_image(std::as_bytes(std::span(file)), "whole").value();
    for (int i = 0; i < 60; ++i) {
      const Rectangle part = random_part(whole.width, whole.height, random);
      ASSERT_TRUE(reader.open(bytes_of(file)).ok());
      const auto read = reader.read(part, 1);
      ASSERT_TRUE(read.ok()) << read.status().message();
      const Image expected = crop(whole, part.left, part.top, part.width, part.height);
      ASSERT_EQ(copy_of(read->pixels).rgb, expected.rgb) << part.left << ' ' << part.top << ' ' << part.width;
    }
  }
}

TEST(JpegReader, APartOfAReducedPictureIsWhatTheWholeReducedOneHasThere) {
  Rng random(12);
  JpegReader reader;
  for (const std::string& file : kinds_of_jpeg())
    for (const int reduction : {2, 4, 8}) {
      Image whole;
      ASSERT_TRUE(reader.open(bytes_of(file)).ok());
      const int width = (reader.width() + reduction - 1) / reduction;
      const int height = (reader.height() + reduction - 1) / reduction;
      ASSERT_TRUE(reader.read({0, 0, width, height}, reduction, whole).ok());
      for (int i = 0; i < 20; ++i) {
        const Rectangle part = random_part(width, height, random);
        Image read;
        ASSERT_TRUE(reader.open(bytes_of(file)).ok());
        ASSERT_TRUE(reader.read(part, reduction, read).ok());
        ASSERT_EQ(read.rgb, crop(whole, part.left, part.top, part.width, part.height).rgb)
            << reduction << ' ' << part.left << ' ' << part.top << ' ' << part.width;
      }
    }
}

TEST(ImageReader, PartsOfADecodedPictureAreThoseOfItsFile) {
  Rng random(13);
  ImageReader of_file;
  ImageReader of_decoded;
  const std::string turned = read_file(std::string(VISION_TEST_IMAGES) + "/turned.jpg").value();
  for (const std::string& file :
       {kinds_of_jpeg()[0], turned, encode_png(photo_like(31, 17), PngColor::kRgb).value()})
    for (const int reduction : {1, 2, 4})
      for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(of_decoded.open(bytes_of(file)).ok());
        of_decoded.open(of_decoded.decode(reduction).value());
        ASSERT_TRUE(of_file.open(bytes_of(file)).ok());
        const Rectangle part = random_part(of_file.width(), of_file.height(), random);
        const auto expected = of_file.read(part, reduction);
        const auto read = of_decoded.read(part, reduction);
        ASSERT_TRUE(expected.ok() && read.ok());
        EXPECT_EQ(copy_of(read->pixels).rgb, copy_of(expected->pixels).rgb);
        EXPECT_EQ(read->box.left, expected->box.left);
        EXPECT_EQ(read->box.bottom, expected->box.bottom);
      }
}

}  // namespace
}  // namespace ridgeline::vision
