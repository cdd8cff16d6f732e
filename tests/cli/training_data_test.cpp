#include "cli/training_data.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace ridgeline::cli {
namespace {

using ::testing::HasSubstr;

TEST(TrainingData, TheFlowersAreMadeWhereTheyAreAbsentAndOnlyThen) {
  const TemporaryFolder folder;
  const std::string root = folder / "deep/er/flowers";
  EXPECT_EQ(open_training_data({{"root", root}}, 1, {}).status().code(), ErrorCode::kNotFound);
  const vision::DataFolder made =
      open_training_data({{"root", root}, {"synth", true}, {"images_per_class", 2}}, 1, {}).value();
  EXPECT_EQ(made.classes().size(), 5U);
  EXPECT_EQ(made.test.files.size() * 2, made.train.files.size());
  const auto written = std::filesystem::last_write_time(made.train.files[0].path);
  const vision::DataFolder again = open_training_data({{"root", root + "/"}, {"synth", true}}, 1, {}).value();
  EXPECT_EQ(std::filesystem::last_write_time(again.train.files[0].path), written);
}

TEST(TrainingData, ASectionThatNamesNothingUsableIsOneClearError) {
  for (const auto& [section, word] :
       {std::pair(Json(nullptr), "data.root"),
        {Json{{"root", ""}}, "+data=folder"},
        {Json{{"root", 5}}, "data.root"},
        {Json{{"root", "a"}, {"synth", "yes"}}, "data.synth"},
        {Json{{"root", "a"}, {"images_per_class", 1.5}}, "data.images_per_class"},
        {Json{{"root", "a"}, {"test_fraction", "x"}}, "data.test_fraction"}})
    EXPECT_THAT(open_training_data(section, 1, {}).status().message(), HasSubstr(word));
}

TEST(TrainingData, TheFractionAndTheSeedDecideTheSplit) {
  const TemporaryFolder folder;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(make_directories(folder / "a").ok());
    ASSERT_TRUE(write_file_atomically(folder / fmt::format("a/{}.jpg", i), "").ok());
  }
  const auto held_out = [&](double fraction, uint64_t seed) {
    const vision::DataFolder data =
        open_training_data({{"root", folder / "."}, {"test_fraction", fraction}}, seed, {}).value();
    std::vector<std::string> paths;
    for (const vision::ImageFile& file : data.test.files) paths.push_back(file.path);
    return paths;
  };
  EXPECT_EQ(held_out(0.5, 1).size(), 10U);
  EXPECT_EQ(held_out(0.1, 1).size(), 2U);
  EXPECT_NE(held_out(0.5, 1), held_out(0.5, 2));
}

}  // namespace
}  // namespace ridgeline::cli
