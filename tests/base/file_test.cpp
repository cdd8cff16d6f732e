#include "base/file.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace ridgeline {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() { fs::create_directories(folder_); }
  ~Files() override { fs::remove_all(folder_); }
  std::string in_folder(const char* name) const { return (folder_ / name).string(); }

  const fs::path folder_ = fs::temp_directory_path() / ("ridgeline_files_" + std::to_string(getpid()));
};

TEST_F(Files, AreWrittenWholeAndLeaveNothingBeside) {
  ASSERT_TRUE(write_file_atomically(in_folder("a"), "old").ok());
  ASSERT_TRUE(write_file_atomically(in_folder("a"), "new\nsecond").ok());
  EXPECT_EQ(*read_file(in_folder("a")), "new\nsecond");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(Files, ThatAreNotThereAreNamed) {
  EXPECT_EQ(read_file(in_folder("none")).status().code(), ErrorCode::kNotFound);
  EXPECT_NE(read_file(in_folder("none")).status().message().find(in_folder("none")), std::string::npos);
  EXPECT_EQ(read_file(folder_.string()).status().code(), ErrorCode::kInvalidArgument);
}

TEST_F(Files, GiveTheirFirstLineWithoutItsEnd) {
  ASSERT_TRUE(write_file_atomically(in_folder("a"), "32K\nmore").ok());
  EXPECT_EQ(first_line_of(in_folder("a")), "32K");
  EXPECT_EQ(first_line_of(in_folder("none")), "");
}

}  // namespace
}  // namespace ridgeline
