#include "vision/folder.h"

#include <algorithm>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace ridgeline::vision {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DataFolders : public ::testing::Test {
 protected:
  /// Empty files: a folder is told by names alone.
  void touch(const std::string& name, int count = 1) const {
    for (int i = 0; i < count; ++i) {
      const std::string path = folder_ / (count == 1 ? name : name + std::to_string(i) + ".jpg");
      ASSERT_TRUE(make_directories(std::filesystem::path(path).parent_path().string()).ok());
      ASSERT_TRUE(write_file_atomically(path, "").ok());
    }
  }
  std::string root() const { return folder_ / "set"; }
  Result<DataFolder> open(const SplitOptions& options = {}) const {
    return open_data_folder(root(), options);
  }
  std::string complaint() const {
    const Result<DataFolder> data = open();
    EXPECT_FALSE(data.ok());
    return data.status().message();
  }
  static std::vector<int> labels_of(const ImageFolder& side) {
    std::vector<int> labels;
    for (const ImageFile& file : side.files) labels.push_back(file.label);
    return labels;
  }
  static std::set<std::string> paths_of(const ImageFolder& side) {
    std::set<std::string> paths;
    for (const ImageFile& file : side.files) paths.insert(file.path);
    return paths;
  }

  TemporaryFolder folder_;
};

TEST_F(DataFolders, ClassesAreSortedByTheBytesOfTheirNamesAndBothSidesShareThem) {
  for (const char* name : {"Ромашка", "daisy", "Zinnia", "мак"}) {
    touch(fmt::format("set/train/{}/a.jpg", name));
    if (std::string(name) != "daisy") touch(fmt::format("set/test/{}/b.PNG", name));
  }
  const DataFolder data = open().value();
  EXPECT_THAT(data.classes(), ElementsAre("Zinnia", "daisy", "Ромашка", "мак"));
  EXPECT_EQ(data.test.classes, data.train.classes);
  EXPECT_THAT(labels_of(data.train), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(labels_of(data.test), ElementsAre(0, 2, 3));
  EXPECT_EQ(data.test_source, "test");
  EXPECT_THAT(data.warnings, ElementsAre(HasSubstr("no image of 'daisy'")));
}

TEST_F(DataFolders, ValServesWhereThereIsNoTest) {
  touch("set/train/a/1.jpg");
  touch("set/train/b/1.jpg");
  touch("set/val/a/1.jpg");
  touch("set/val/b/1.jpg");
  EXPECT_EQ(open()->test_source, "val");
  touch("set/test/a/2.jpg");
  touch("set/test/b/2.jpg");
  EXPECT_EQ(open()->test_source, "test");
  EXPECT_THAT(open()->warnings, ElementsAre(HasSubstr("val/ is not")));
}

TEST_F(DataFolders, OneFolderIsSplitInTheSameShareOfEachClass) {
  touch("set/a/", 50);
  touch("set/b/", 10);
  touch("set/c/", 2);
  touch("set/d/only.jpg");
  const DataFolder data = open({.test_fraction = 0.2, .seed = 3}).value();
  const std::vector<int> held_out = labels_of(data.test);
  for (const auto& [label, expected] : {std::pair(0, 10), {1, 2}, {2, 1}, {3, 0}})
    EXPECT_EQ(std::ranges::count(held_out, label), expected) << label;
  EXPECT_EQ(data.train.files.size() + data.test.files.size(), 63U);
  EXPECT_EQ(data.test_source, "");
  EXPECT_THAT(data.warnings, ElementsAre(HasSubstr("'d' has one image")));
}

TEST_F(DataFolders, ASplitFollowsItsSeedAndNotTheFoldersPlace) {
  touch("set/a/", 40);
  touch("set/b/", 40);
  const auto chosen = paths_of(open({.seed = 1})->test);
  EXPECT_EQ(paths_of(open({.seed = 1})->test), chosen);
  EXPECT_NE(paths_of(open({.seed = 2})->test), chosen);
  const auto train = paths_of(open({.seed = 1})->train);
  EXPECT_TRUE(std::ranges::none_of(train, [&](const std::string& path) { return chosen.contains(path); }));

  std::filesystem::create_directories(folder_ / "elsewhere");
  std::filesystem::copy(root(), folder_ / "elsewhere/copy", std::filesystem::copy_options::recursive);
  std::set<std::string> moved;
  const DataFolder copy = open_data_folder(folder_ / "elsewhere/copy/", {.seed = 1}).value();
  for (const ImageFile& file : copy.test.files)
    moved.insert(root() + "/" + std::filesystem::relative(file.path, folder_ / "elsewhere/copy").string());
  EXPECT_EQ(moved, chosen);
}

TEST_F(DataFolders, AddingFilesMovesFewOfTheOthersAcross) {
  touch("set/a/", 100);
  const auto before = paths_of(open()->test);
  touch("set/a/more", 10);
  const auto after = paths_of(open()->test);
  EXPECT_GE(std::ranges::count_if(before, [&](const std::string& path) { return after.contains(path); }), 16);
}

TEST_F(DataFolders, WhatCannotBeTrainedOnIsToldWithTheRemedy) {
  EXPECT_EQ(open().status().code(), ErrorCode::kNotFound);
  touch("set/loose.jpg");
  EXPECT_THAT(complaint(), HasSubstr("no class folder"));
  touch("set/test/a/1.jpg");
  EXPECT_THAT(complaint(), HasSubstr("no train/"));
  touch("set/train/readme.txt");
  EXPECT_THAT(complaint(), HasSubstr("set/train: holds no class folder"));
  touch("set/train/b/1.jpg");
  touch("set/train/a/readme.txt");
  EXPECT_THAT(complaint(), AllOf(HasSubstr("without an image in train/: 'a'"), HasSubstr("remove")));
  std::filesystem::remove_all(folder_ / "set/test");
  EXPECT_THAT(complaint(), HasSubstr("neither test/ nor val/"));
}

TEST_F(DataFolders, TheFractionMustLeaveBothSidesSomething) {
  touch("set/a/", 4);
  for (const double fraction : {0.0, 1.0, -1.0, std::nan("")})
    EXPECT_EQ(open({.test_fraction = fraction}).status().code(), ErrorCode::kInvalidArgument) << fraction;
  for (const double fraction : {0.001, 0.999}) {
    EXPECT_FALSE(open({.test_fraction = fraction})->train.files.empty());
    EXPECT_FALSE(open({.test_fraction = fraction})->test.files.empty());
  }
}

TEST_F(DataFolders, HiddenAndOtherFilesArePassedOverAndCounted) {
  touch("set/train/a/1.jpg");
  touch("set/train/a/._1.jpg");
  touch("set/train/a/deeper/2.webp");
  touch("set/train/a/3.tiff");
  touch("set/train/a/notes");
  touch("set/train/.ipynb_checkpoints/4.jpg");
  touch("set/train/empty/notes.txt");
  touch("set/test/a/5.gif");
  const DataFolder data = open().value();
  EXPECT_EQ(data.train.files.size(), 2U);
  EXPECT_THAT(data.train.other_files,
              ElementsAre(std::pair("", 1), std::pair(".tiff", 1), std::pair(".txt", 1)));
  EXPECT_THAT(data.warnings, ElementsAre(HasSubstr("no image of 'empty'"), HasSubstr("only class")));
}

}  // namespace
}  // namespace ridgeline::vision
