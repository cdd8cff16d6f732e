#include "base/spelling.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace ridgeline {
namespace {

TEST(IsUtf8, RefusesOverlongFormsSurrogatesAndCutCharacters) {
  EXPECT_TRUE(is_utf8("снимок \xF0\x9F\x93\xB7"));
  for (const char* bad : {"\x80", "\xC0\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xC3("})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(NearestName, IsTheOneWithTheFewestLettersChanged) {
  const std::vector<std::string_view> names = {"count", "kind", "gpus", "max_batch_size"};
  EXPECT_EQ(nearest_name("max_batchsize", names), "max_batch_size");
  EXPECT_EQ(nearest_name("counts", names), "count");
  EXPECT_EQ(nearest_name("cuont", names), "count");
  EXPECT_EQ(nearest_name("cunot", names), "");  // two letters of five
  EXPECT_EQ(nearest_name("device", names), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'a'), names), "");
}

}  // namespace
}  // namespace ridgeline
