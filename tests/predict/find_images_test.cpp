#include "predict/find_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace ridgeline::predict {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FindImages : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(folder_ / "кот").ok());
    for (const char* name : {"b.jpg", "a.png", "note.txt", "кот/снимок 1.webp", "a[1].jpg"})
      ASSERT_TRUE(write_file_atomically(folder_ / name, "x").ok());
  }
  Result<std::vector<std::string>> found(const std::vector<std::string>& names) {
    std::vector<std::string> words;
    for (const std::string& name : names) words.push_back(folder_ / name);
    return find_images(words);
  }
  const TemporaryFolder folder_;
};

TEST_F(FindImages, FilesFoldersAndPatternsComeInTheOrderGiven) {
  EXPECT_THAT(found({"note.txt", "кот", "*.jpg"}).value(),
              ElementsAre(folder_ / "note.txt", folder_ / "кот/снимок 1.webp", folder_ / "a[1].jpg",
                          folder_ / "b.jpg"));
}

TEST_F(FindImages, AFileIsItselfAlsoWhereItsNameLooksLikeAPattern) {
  EXPECT_THAT(found({"a[1].jpg"}).value(), ElementsAre(folder_ / "a[1].jpg"));
}

TEST_F(FindImages, AFolderGivesItsImagesOnly) {
  EXPECT_THAT(found({"к*"}).value(), ElementsAre(folder_ / "кот/снимок 1.webp"));
}

TEST_F(FindImages, AWordThatStandsForNothingIsNamed) {
  const Status status = found({"a.png", "absent*.jpg"}).status();
  EXPECT_EQ(status.code(), ErrorCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("absent*.jpg"));
}

}  // namespace
}  // namespace ridgeline::predict
