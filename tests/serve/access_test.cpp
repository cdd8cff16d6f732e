#include "serve/access.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace ridgeline::serve {
namespace {

using ::testing::HasSubstr;

AccessRules rules(const std::vector<std::string>& texts) {
  auto parsed = AccessRules::parse(texts);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.ok() ? *std::move(parsed) : AccessRules();
}

AccessRules::HeaderOf headers(const std::string& name, const std::string& value) {
  return [name, value](std::string_view wanted) -> std::string_view {
    return wanted == name ? std::string_view(value) : std::string_view();
  };
}

std::string refusal(const std::string& rule) {
  return AccessRules::parse(std::vector{rule}).status().message();
}

TEST(AccessRules, RestrictTheClassesThatTheyName) {
  const AccessRules restricted = rules({"inference,statistics:admin-key=secret=1", "logging:other=x"});
  EXPECT_EQ(restricted.missing_header("inference", headers("admin-key", "secret")), "admin-key");
  EXPECT_EQ(restricted.missing_header("inference", headers("none", "")), "admin-key");
  EXPECT_EQ(restricted.missing_header("statistics", headers("admin-key", "secret=1")), std::nullopt);
  EXPECT_EQ(restricted.missing_header("logging", headers("admin-key", "secret=1")), "other");
  EXPECT_EQ(restricted.missing_header("health", headers("none", "")), std::nullopt);
}

TEST(AccessRules, TakeUpAFileThatChanges) {
  const TemporaryFolder folder;
  const std::string file = folder / "key";
  ASSERT_TRUE(write_file_atomically(file, "first\n").ok());
  const AccessRules restricted = rules({"inference:key=@" + file});
  EXPECT_EQ(restricted.missing_header("inference", headers("key", "first")), std::nullopt);
  ASSERT_TRUE(write_file_atomically(file, "second\n").ok());
  std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) + std::chrono::seconds(1));
  EXPECT_EQ(restricted.missing_header("inference", headers("key", "first")), "key");
  EXPECT_EQ(restricted.missing_header("inference", headers("key", "second")), std::nullopt);
  std::filesystem::remove(file);
  EXPECT_EQ(restricted.missing_header("inference", headers("key", "second")), std::nullopt);
}

TEST(AccessRules, AreRefusedWithWhatIsWrong) {
  for (const std::string rule : {"", "inference", "inference:key", "inference:=x", "inference:key="})
    EXPECT_EQ(refusal(rule), "'" + rule + "' is no rule: write CLASS[,CLASS...]:HEADER=VALUE");
  EXPECT_THAT(refusal("infer:key=x"),
              HasSubstr("'infer' in 'infer:key=x' is no class of endpoints; there are health"));
  EXPECT_THAT(refusal("trace,trace:key=x"), HasSubstr("'trace' is restricted by two rules"));
  EXPECT_THAT(refusal("trace:key=@/nosuch/file"), HasSubstr("/nosuch/file: no key can be read"));
}

}  // namespace
}  // namespace ridgeline::serve
