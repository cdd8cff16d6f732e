#include "base/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace ridgeline {
namespace {

class Descriptors : public testing::Test {
 protected:
  Descriptors() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~Descriptors() override { setrlimit(RLIMIT_NOFILE, &before_); }

  void allow(rlim_t descriptors) const {
    const rlimit limit{.rlim_cur = descriptors, .rlim_max = before_.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }

  rlimit before_{};
};

TEST_F(Descriptors, AreAsManyAsTheHardLimitAllows) {
  allow(256);
  const int64_t told = raise_descriptor_limit();
  rlimit now{};
  getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(now.rlim_cur, before_.rlim_max);
  EXPECT_EQ(static_cast<rlim_t>(told), now.rlim_cur);
}

TEST_F(Descriptors, SomeAreKeptForOtherThanConnections) {
  allow(256);
  EXPECT_FALSE(is_among_the_last(223));
  EXPECT_TRUE(is_among_the_last(224)) << "an eighth of few";
  allow(4096);
  EXPECT_FALSE(is_among_the_last(3839));
  EXPECT_TRUE(is_among_the_last(3840)) << "256 of many";
}

}  // namespace
}  // namespace ridgeline
