#include "base/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ridgeline {
namespace {

using ::testing::HasSubstr;

TEST(Yaml, PlainScalarsAreWhatTheyReadAsAndQuotedOnesAreText) {
  const Json expected = {{"whole", 5},    {"negative", -3}, {"real", 0.05},   {"exponent", 1e-4},
                         {"yes", true},   {"nothing", {}},  {"empty", {}},    {"text", "sgd"},
                         {"quoted", "5"}, {"name", "007"},  {"list", {1, 2}}, {"размер", "224x3"}};
  EXPECT_EQ(
      parse_yaml("whole: 5\nnegative: -3\nreal: 0.05\nexponent: 1e-4\nyes: true\nnothing: null\nempty:\n"
                 "text: sgd\nquoted: \"5\"\nname: 007\nlist: [1, 2]\nразмер: 224x3  # a comment\n",
                 "a.yaml")
          .value(),
      expected);
}

TEST(Yaml, IsReadBackAsItWasWritten) {
  const Json document = {{"section", {{"text", "5"}, {"flag", "true"}, {"none", nullptr}, {"empty", ""}}},
                         {"list", {"a, b", "layer1.*", 0.75, 1}},
                         {"path", "/data/my flowers: #2"},
                         {"lines", "one\ntwo"},
                         {"rate", 0.1},
                         {"nothing", Json::array()},
                         {"nobody", Json::object()}};
  EXPECT_EQ(parse_yaml(to_yaml(document), "written").value(), document) << to_yaml(document);
}

TEST(Yaml, ABrokenDocumentIsOneErrorWithItsNameAndLine) {
  for (const char* text : {"a: 1\nb: [1, 2\n", "a: 1\na: 2\n", "a: 1\n[1]: 2\n", "a: 1\n\tb: 2\n"}) {
    const Result<Json> read = parse_yaml(text, "broken.yaml");
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.status().message(), HasSubstr("broken.yaml: line ")) << text;
  }
}

TEST(Yaml, EndlessAndExplodingDocumentsAreRefused) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{}: &a{} [", i, i);
    for (int k = 0; k < 10; ++k) bomb += fmt::format("{}*a{}", k == 0 ? "" : ", ", i - 1);
    bomb += "]\n";
  }
  for (const std::string& text : {bomb, std::string("&a [*a]"), std::string(5000, '[')}) {
    EXPECT_EQ(parse_yaml(text, "hostile.yaml").status().code(), ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace ridgeline
