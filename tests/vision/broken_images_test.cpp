#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/rng.h"
#include "vision/decode.h"
#include "vision/folder.h"
#include "vision/image_reader.h"

namespace ridgeline::vision {
namespace {

using ::testing::StartsWith;

/// One small picture of every kind that we read, made by Pillow: x goes from dark to red and from blue to
/// none.
std::vector<std::string> pictures() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(VISION_TEST_IMAGES))
    paths.push_back(entry.path().string());
  return paths;
}

TEST(Pictures, OfEveryKindShowTheSameScene) {
  ASSERT_GE(pictures().size(), 20U);
  for (const std::string& path : pictures()) {
    const auto image = load_image(path);
    ASSERT_TRUE(image.ok()) << image.status().message();
    const bool turned = path.find("turned") != std::string::npos;
    EXPECT_EQ(image->width, turned ? 14 : 20) << path;
    if (turned || path.find("gray") != std::string::npos || path.find("mono") != std::string::npos) continue;
    const bool blended = path.find("alpha") != std::string::npos;
    const int least = path.find("palette") != std::string::npos || path.ends_with(".gif") ? 60 : 25;
    const uint8_t* pixel = image->pixel(15, 3);
    EXPECT_NEAR(pixel[0], blended ? 202 : 180, least) << path;
    EXPECT_NEAR(pixel[2], blended ? 126 : 75, least) << path;
  }
}

/// Decodes and, where that succeeds, reads a part: nothing may crash, and a refusal names the file.
void decode_spoilt(const std::string& file) {
  const auto image = decode_image(std::as_bytes(std::span(file)), "spoilt");
  if (!image.ok()) {
    EXPECT_THAT(image.status().message(), StartsWith("spoilt: "));
    return;
  }
  ImageReader reader;
  ASSERT_TRUE(reader.open({reinterpret_cast<const uint8_t*>(file.data()), file.size()}).ok());
  EXPECT_TRUE(reader.read({0, 0, (image->width + 1) / 2, (image->height + 1) / 2}, 2).ok());
}

TEST(BrokenPictures, OfChangedBytesAreReadOrRefused) {
  Rng random(8);
  for (const std::string& path : pictures()) {
    const std::string whole = read_file(path).value();
    for (int i = 0; i < 200; ++i) {
      std::string file = whole;
      for (uint64_t changes = 1 + random.below(4); changes > 0; --changes)
        file[random.below(file.size())] = static_cast<char>(random.next());
      decode_spoilt(file);
    }
  }
}

TEST(BrokenPictures, CutAnywhereAreReadOrRefused) {
  for (const std::string& path : pictures()) {
    const std::string whole = read_file(path).value();
    for (size_t size = 0; size < whole.size(); size += 1 + size / 100) decode_spoilt(whole.substr(0, size));
    const std::string half = whole.substr(0, whole.size() / 2);
    EXPECT_FALSE(decode_image(std::as_bytes(std::span(half)), "half").ok() && !path.ends_with("animated.gif"))
        << path;
  }
}

}  // namespace
}  // namespace ridgeline::vision
