#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ridgeline {
namespace {

using testing::ElementsAre;

TEST(Split, GivesOnePartMoreThanThereAreSeparators) {
  EXPECT_THAT(split("conv1+bn1+relu", '+'), ElementsAre("conv1", "bn1", "relu"));
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("alone", '+'), ElementsAre("alone"));
  EXPECT_THAT(split("", '+'), ElementsAre(""));
}

TEST(CsvQuoted, OnlyWhatAReaderWouldSplitStandsInQuotes) {
  EXPECT_EQ(csv_quoted("снимок 1.jpg"), "снимок 1.jpg");
  EXPECT_EQ(csv_quoted("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_quoted("a \"b\"\n"), "\"a \"\"b\"\"\n\"");
}

}  // namespace
}  // namespace ridgeline
