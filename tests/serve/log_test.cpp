#include "serve/observe/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace ridgeline::serve {
namespace {

using testing::IsEmpty;
using testing::MatchesRegex;

class LogFile : public testing::Test {
 protected:
  std::string text() const { return *read_file(path_); }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "log";
  Log log_;
};

TEST_F(LogFile, LinesHaveTritonsForm) {
  ASSERT_TRUE(log_.change({.file = path_}).ok());
  log_.warning("model {} is slow", "m");
  EXPECT_THAT(text(), MatchesRegex("W[0-9]+ [0-9]+:[0-9]+:[0-9]+\\.[0-9]+ [0-9]+\\] model m is slow\n"));
}

TEST_F(LogFile, LinesCanSayTheDateByIso8601) {
  ASSERT_TRUE(log_.change({.file = path_, .format = "ISO8601"}).ok());
  log_.error("gone");
  EXPECT_THAT(text(), MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+Z E [0-9]+\\] gone\n"));
}

TEST_F(LogFile, LevelsThatAreOffAreNotWritten) {
  ASSERT_TRUE(log_.change({.file = path_, .info = false, .warning = false, .error = false}).ok());
  log_.info("a");
  log_.warning("b");
  log_.error("c");
  EXPECT_THAT(text(), IsEmpty());
  EXPECT_FALSE(log_.shows(Log::Level::kVerbose));
}

TEST_F(LogFile, TextCannotForgeALine) {
  ASSERT_TRUE(log_.change({.file = path_}).ok());
  log_.info("name: a\nE1121 forged\r\n");
  EXPECT_THAT(text(), MatchesRegex("I[^\n]*name: a E1121 forged  \n"));
}

TEST_F(LogFile, AFileThatCannotBeOpenedChangesNothing) {
  ASSERT_TRUE(log_.change({.file = path_}).ok());
  EXPECT_EQ(log_.change({.file = folder_ / "no/such/log"}).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(log_.settings().file, path_);
}

}  // namespace
}  // namespace ridgeline::serve
