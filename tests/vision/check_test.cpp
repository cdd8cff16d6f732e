#include "vision/check.h"

#include <cmath>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"
#include "vision/encode.h"

namespace ridgeline::vision {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DataCheck : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) const {
    const std::string path = folder_ / name;
    ASSERT_TRUE(make_directories(std::filesystem::path(path).parent_path().string()).ok());
    ASSERT_TRUE(write_file_atomically(path, bytes).ok());
  }
  /// One colour, so that mean and deviation are known.
  static std::string png(int width, int height, uint8_t level) {
    Image image(width, height);
    std::fill(image.rgb.begin(), image.rgb.end(), level);
    return encode_png(image, PngColor::kRgb).value();
  }
  DataReport report() const { return check_data(folder_ / ".", {}).value(); }

  TemporaryFolder folder_;
};

TEST_F(DataCheck, BadFilesAreNamedWithTheirReasonAndTheRestIsCounted) {
  write("train/a/good.png", png(40, 30, 0));
  write("train/a/cut.png", png(40, 30, 0).substr(0, 60));
  write("train/b/empty.jpg", "");
  write("train/b/words.jpg", "not an image");
  write("test/a/good.png", png(20, 10, 9));
  const DataReport found = report();
  EXPECT_EQ(found.files, 5);
  EXPECT_EQ(found.usable(), 2);
  ASSERT_THAT(found.bad, SizeIs(3));
  EXPECT_THAT(found.bad[0].path, HasSubstr("a/cut.png"));
  EXPECT_THAT(found.bad[0].reason, ::testing::StartsWith("damaged PNG"));
  EXPECT_THAT(found.bad[1].reason, HasSubstr("empty"));
  ASSERT_THAT(found.classes, SizeIs(2));
  EXPECT_EQ(found.classes[0].train, 1);
  EXPECT_EQ(found.classes[0].test, 1);
  EXPECT_EQ(found.classes[1].train, 0);
  EXPECT_THAT(found.warnings, ::testing::Contains(HasSubstr("class 'b' has 0 usable training images")));
}

TEST_F(DataCheck, TheSameFileAndTheSamePixelsAreFoundAcrossTheSides) {
  Image image(33, 21);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i * 7);
  const std::string jpeg = encode_jpeg(image, {}).value();
  const std::string comment("\xff\xfe\x00\x08stripped", 10);
  write("train/a/1.jpg", jpeg);
  write("train/b/2.jpg", jpeg);
  write("train/b/other.png", png(33, 21, 100));
  write("test/a/3.jpg", jpeg.substr(0, 2) + comment.substr(0, 10) + jpeg.substr(2));
  write("train/a/x.png", png(8, 8, 1));
  write("train/a/y.png", png(8, 8, 1));
  write("train/a/z.png", png(16, 4, 1));
  const DataReport found = report();
  ASSERT_THAT(found.same_pictures, SizeIs(2));
  const SamePicture& leak = found.same_pictures[0];
  EXPECT_THAT(leak.paths, ElementsAre(HasSubstr("3.jpg"), HasSubstr("1.jpg"), HasSubstr("2.jpg")));
  EXPECT_TRUE(leak.leak);
  EXPECT_FALSE(leak.same_bytes) << "one has a comment";
  EXPECT_TRUE(leak.labels_differ);
  const SamePicture& twice = found.same_pictures[1];
  EXPECT_THAT(twice.paths, SizeIs(2));
  EXPECT_TRUE(twice.same_bytes);
  EXPECT_FALSE(twice.leak || twice.labels_differ);
}

TEST_F(DataCheck, SizesAndChannelsAreThoseOfTheTrainingImagesPixels) {
  write("train/a/1.png", png(100, 50, 0));
  write("train/a/2.png", png(300, 240, 255));
  write("train/a/3.png", png(120, 400, 255));
  write("test/a/4.png", png(64, 64, 77));
  const DataReport found = report();
  EXPECT_EQ(found.width.least, 64);
  EXPECT_EQ(found.width.median, 120);
  EXPECT_EQ(found.height.most, 400);
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(found.mean[c], 2.0 / 3, 1e-12);
    EXPECT_NEAR(found.stddev[c], std::sqrt(2.0 / 9), 1e-12);
  }
  ASSERT_THAT(found.shorter_sides, SizeIs(4));
  EXPECT_EQ(found.shorter_sides[0].from, 32);
  EXPECT_EQ(found.shorter_sides[0].images, 1);
  EXPECT_EQ(found.shorter_sides[3].to, 256);
  EXPECT_EQ(found.shorter_sides[3].images, 1);
}

TEST_F(DataCheck, ASetThatCannotBeTrainedOnIsStillReported) {
  write("train/a/1.png", png(8, 8, 0));
  write("test/b/2.png", png(8, 8, 9));
  const DataReport found = report();
  EXPECT_THAT(found.problems, ElementsAre(HasSubstr("'b'")));
  ASSERT_THAT(found.classes, SizeIs(2));
  EXPECT_EQ(found.classes[1].test, 1);
  EXPECT_EQ(check_data(folder_ / "absent", {}).status().code(), ErrorCode::kNotFound);
}

TEST_F(DataCheck, StopsOnRequest) {
  write("train/a/1.png", png(8, 8, 0));
  const CheckOptions options;
  options.cancel.cancel();
  EXPECT_EQ(check_data(folder_ / ".", options).status().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace ridgeline::vision
