#include "vision/synth.h"

#include <algorithm>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"
#include "vision/decode.h"
#include "vision/folder.h"
#include "vision/synth_scene.h"

namespace ridgeline::vision {
namespace {

using ::testing::HasSubstr;

TEST(Synth, MakesAVariedFolderThatReadsBackWholeAndTheSameFromTheSameSeed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_synth_folder(folder / "a", {.images_per_class = 5, .seed = 7}).ok());
  ASSERT_TRUE(write_synth_folder(folder / "b", {.images_per_class = 5, .seed = 7}).ok());
  const DataFolder a = open_data_folder(folder / "a", {}).value();
  const DataFolder b = open_data_folder(folder / "b", {}).value();
  EXPECT_THAT(a.classes(), ::testing::ElementsAreArray(kSpeciesNames));
  ASSERT_EQ(a.train.files.size(), 25U);
  EXPECT_EQ(a.test.files.size(), 10U);
  for (size_t i = 0; i < a.train.files.size(); ++i) {
    const std::string& path = a.train.files[i].path;
    EXPECT_TRUE(load_image(path).ok()) << path;
    EXPECT_EQ(read_file(path).value(), read_file(b.train.files[i].path).value());
  }
  EXPECT_EQ(write_synth_folder(folder / "a", {}).code(), ErrorCode::kAlreadyExists);
}

TEST(Synth, KindsOfFilesVaryAsInFoldersThatPeopleHave) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_synth_folder(folder / "a", {.images_per_class = 8}).ok());
  int png = 0, progressive = 0, gray = 0, odd = 0, capital = 0;
  const ImageFolder train = scan_image_folder(folder / "a/train").value();
  for (const ImageFile& file : train.files) {
    const std::string bytes = read_file(file.path).value();
    const Image image = load_image(file.path).value();
    const bool is_jpeg = bytes.starts_with("\xff\xd8");
    png += !is_jpeg;
    progressive += is_jpeg && bytes.find("\xff\xc2") != std::string::npos;
    odd += image.width % 2 == 1 && image.height % 2 == 1;
    capital += file.path.ends_with(".JPEG");
    bool colorless = true;
    for (size_t i = 0; i < image.rgb.size(); i += 3)
      colorless &= image.rgb[i] == image.rgb[i + 1] && image.rgb[i] == image.rgb[i + 2];
    gray += colorless;
  }
  for (const int count : {png, progressive, gray, odd, capital}) EXPECT_GT(count, 0);
}

TEST(Synth, AGivenSizeMakesPlainJpegsOfJustThatSize) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_synth_folder(folder / "a", {.images_per_class = 8, .width = 120, .height = 90}).ok());
  const ImageFolder train = scan_image_folder(folder / "a/train").value();
  ASSERT_EQ(train.files.size(), 40U);
  for (const ImageFile& file : train.files) {
    EXPECT_TRUE(file.path.ends_with(".jpg"));
    EXPECT_TRUE(read_file(file.path)->starts_with("\xff\xd8"));
    const Image image = load_image(file.path).value();
    EXPECT_EQ(image.width, 120);
    EXPECT_EQ(image.height, 90);
  }
  EXPECT_THAT(write_synth_folder(folder / "b", {.width = 120}).message(), HasSubstr("--height"));
  EXPECT_THAT(write_synth_folder(folder / "b", {.width = -1, .height = 5}).message(), HasSubstr("-1"));
}

TEST(Synth, AHybridIsTheSamePictureUnderEitherLabel) {
  for (size_t a = 0; a < kSpeciesNames.size(); ++a) {
    const size_t b = (a + 1) % kSpeciesNames.size();
    Rng random(5), same(5), pure(5);
    const Image hybrid = paint_flowers({a, b}, 60, 50, random);
    EXPECT_EQ(hybrid.rgb, paint_flowers({b, a}, 60, 50, same).rgb);
    EXPECT_NE(hybrid.rgb, paint_flowers({a, a}, 60, 50, pure).rgb);
  }
}

TEST(Synth, MoreDetailIsDrawnInALargerPictureNotAnotherScene) {
  Rng random(9), same(9);
  const Image small = paint_flowers({2, 2}, 60, 40, random);
  const Image large = paint_flowers({2, 2}, 240, 160, same);
  double difference = 0;
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 60; ++x) difference += std::abs(small.pixel(x, y)[0] - large.pixel(x * 4, y * 4)[0]);
  EXPECT_LT(difference / (60 * 40), 12) << "but for noise and what lies between pixels";
}

TEST(Synth, LeavesNothingBehindWhenItIsStopped) {
  const TemporaryFolder folder;
  const CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(write_synth_folder(folder / "a", {}, cancel).code(), ErrorCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "."));
}

}  // namespace
}  // namespace ridgeline::vision
