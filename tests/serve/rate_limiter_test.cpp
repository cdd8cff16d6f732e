#include "serve/scheduling/rate_limiter.h"

#include <gtest/gtest.h>
#include <set>

#include "base/rng.h"

namespace ridgeline::serve {
namespace {

using Granted = std::vector<RateLimiter::Instance>;

InstanceNeeds needs(std::vector<ResourceNeed> resources, uint32_t priority = 1, int device = 0) {
  return {std::move(resources), device, priority};
}

TEST(RateLimiter, LetsAllRunThatNeedNothing) {
  RateLimiter limiter({});
  for (const uint64_t instance : {1, 2, 3}) {
    ASSERT_TRUE(limiter.add(instance, {}).ok());
    limiter.ask(instance);
  }
  EXPECT_EQ(limiter.grant(), (Granted{1, 2, 3}));
  EXPECT_EQ(limiter.grant(), Granted{}) << "granted twice";
}

TEST(RateLimiter, KeepsWhatRunsWithinTheResources) {
  RateLimiter limiter({{"R", 3, {}}});
  for (const uint64_t instance : {1, 2, 3}) {
    ASSERT_TRUE(limiter.add(instance, needs({{"R", false, 1 + instance % 2}})).ok());
    limiter.ask(instance);
  }
  EXPECT_EQ(limiter.grant(), (Granted{1, 2})) << "2 + 1 of 3";
  EXPECT_EQ(limiter.grant(), Granted{});
  limiter.release(2);
  EXPECT_EQ(limiter.grant(), Granted{}) << "3 needs two";
  limiter.release(1);
  EXPECT_EQ(limiter.grant(), Granted{3});
}

TEST(RateLimiter, OneThatLacksResourcesHoldsUpNobodyWhoDoesNot) {
  // Models 1 and 2 need R and call model 3, which needs nothing: Triton waits forever here (server#8358).
  RateLimiter limiter({{"R", 1, {}}});
  ASSERT_TRUE(limiter.add(1, needs({{"R"}})).ok());
  ASSERT_TRUE(limiter.add(2, needs({{"R"}})).ok());
  ASSERT_TRUE(limiter.add(3, needs({}, 1000)).ok());
  limiter.ask(1);
  EXPECT_EQ(limiter.grant(), Granted{1});
  limiter.ask(2);
  EXPECT_EQ(limiter.grant(), Granted{});
  limiter.ask(3);
  EXPECT_EQ(limiter.grant(), Granted{3}) << "1 waits for 3's answer, 2 for what 1 holds";
  limiter.release(3);
  limiter.release(1);
  EXPECT_EQ(limiter.grant(), Granted{2});
}

TEST(RateLimiter, OneThatNeedsMuchIsNotOvertakenForGoodByThoseThatNeedLittle) {
  RateLimiter limiter({{"R", 2, {}}});
  ASSERT_TRUE(limiter.add(1, needs({{"R"}})).ok());
  ASSERT_TRUE(limiter.add(2, needs({{"R"}})).ok());
  ASSERT_TRUE(limiter.add(3, needs({{"R", false, 2}})).ok());
  limiter.ask(1);
  EXPECT_EQ(limiter.grant(), Granted{1});
  limiter.ask(3);
  EXPECT_EQ(limiter.grant(), Granted{});
  limiter.ask(2);
  EXPECT_EQ(limiter.grant(), Granted{}) << "what is free is kept for the first that waits";
  limiter.release(1);
  EXPECT_EQ(limiter.grant(), Granted{3});
}

TEST(RateLimiter, OneThatIsCalledByWhatRunsNeedNotWaitForWhatOthersWaitFor) {
  RateLimiter limiter({{"R", 2, {}}});
  ASSERT_TRUE(limiter.add(1, needs({{"R"}})).ok());
  ASSERT_TRUE(limiter.add(2, needs({{"R", false, 2}})).ok());
  ASSERT_TRUE(limiter.add(3, needs({{"R"}})).ok());
  limiter.ask(1);
  EXPECT_EQ(limiter.grant(), Granted{1});
  limiter.ask(2);
  limiter.ask(3);
  EXPECT_EQ(limiter.grant(), Granted{});
  limiter.ask(3, true);
  EXPECT_EQ(limiter.grant(), Granted{3}) << "1 waits for 3's answer, and 2 for 1";
}

TEST(RateLimiter, SharesByPriority) {
  RateLimiter limiter({});
  ASSERT_TRUE(limiter.add(1, needs({{"R"}}, 1)).ok());
  ASSERT_TRUE(limiter.add(2, needs({{"R"}}, 3)).ok());
  std::map<uint64_t, int> executions;
  limiter.ask(1);
  limiter.ask(2);
  for (int i = 0; i < 400; ++i) {
    const Granted granted = limiter.grant();
    ASSERT_EQ(granted.size(), 1U);
    ++executions[granted.front()];
    limiter.release(granted.front());
    limiter.ask(granted.front());
  }
  EXPECT_NEAR(executions[1], 300, 2);
  EXPECT_NEAR(executions[2], 100, 2);
}

TEST(RateLimiter, AModelThatComesLateTakesTurnsAtOnce) {
  RateLimiter limiter({});
  ASSERT_TRUE(limiter.add(1, needs({{"R"}})).ok());
  for (int i = 0; i < 1000; ++i) {
    limiter.ask(1);
    ASSERT_EQ(limiter.grant(), Granted{1});
    limiter.release(1);
  }
  ASSERT_TRUE(limiter.add(2, needs({{"R"}})).ok());
  std::multiset<uint64_t> served;
  limiter.ask(1);
  limiter.ask(2);
  for (int i = 0; i < 10; ++i) {
    const Granted granted = limiter.grant();
    served.insert(granted.front());
    limiter.release(granted.front());
    limiter.ask(granted.front());
  }
  EXPECT_EQ(served.count(1), 5U);
}

TEST(RateLimiter, DevicesHaveTheirOwnResourcesAndGlobalOnesAreShared) {
  RateLimiter limiter({{"local", 1, {}}, {"all", 1, {}}});
  ASSERT_TRUE(limiter.add(1, needs({{"local"}}, 1, 0)).ok());
  ASSERT_TRUE(limiter.add(2, needs({{"local"}}, 1, 1)).ok());
  ASSERT_TRUE(limiter.add(3, needs({{"all", true}}, 1, 0)).ok());
  ASSERT_TRUE(limiter.add(4, needs({{"all", true}}, 1, 1)).ok());
  for (const uint64_t instance : {1, 2, 3, 4}) limiter.ask(instance);
  EXPECT_EQ(limiter.grant(), (Granted{1, 2, 3}));
}

TEST(RateLimiter, ALimitMayBeOfOneDevice) {
  RateLimiter limiter({{"R", 1, {}}, {"R", 2, 1}});
  EXPECT_FALSE(limiter.add(1, needs({{"R", false, 2}}, 1, 0)).ok());
  EXPECT_TRUE(limiter.add(2, needs({{"R", false, 2}}, 1, 1)).ok());
}

TEST(RateLimiter, WithoutLimitsThereIsAsMuchAsTheHungriestNeeds) {
  RateLimiter limiter({});
  ASSERT_TRUE(limiter.add(1, needs({{"R", false, 4}})).ok());
  for (const uint64_t instance : {2, 3, 4}) ASSERT_TRUE(limiter.add(instance, needs({{"R", false, 2}})).ok());
  for (const uint64_t instance : {2, 3, 4}) limiter.ask(instance);
  EXPECT_EQ(limiter.grant(), (Granted{2, 3}));
  limiter.release(2);
  limiter.release(3);
  limiter.remove(1);
  EXPECT_EQ(limiter.grant(), Granted{4});
}

TEST(RateLimiter, RefusesWhatCouldNeverRunInTritonsWords) {
  RateLimiter limiter({{"R", 2, {}}});
  EXPECT_EQ(limiter.add(1, needs({{"R", false, 3}})).message(),
            "Resource count for \"R\" is limited to 2 which will prevent scheduling of one or more model "
            "instances, "
            "the minimum required count is 3");
  EXPECT_FALSE(limiter.add(1, needs({{"unheard of"}})).ok());
  ASSERT_TRUE(limiter.add(1, needs({{"R"}})).ok());
  EXPECT_EQ(
      limiter.add(2, needs({{"R", true}})).message(),
      "Resource \"R\" is present as both global and device-specific resource in the model configuration.");
}

TEST(RateLimiter, TakesBackARequestToRun) {
  RateLimiter limiter({});
  ASSERT_TRUE(limiter.add(1, {}).ok());
  limiter.ask(1);
  limiter.withdraw(1);
  EXPECT_EQ(limiter.grant(), Granted{});
}

TEST(RateLimiter, NeverPassesALimitAndAlwaysMovesOn) {
  Rng random(5);
  RateLimiter limiter({{"R", 4, {}}, {"G", 3, {}}});
  std::vector<std::pair<uint64_t, uint64_t>> wants;
  for (uint64_t i = 0; i < 8; ++i) {
    wants.emplace_back(random.below(5), random.below(4));
    std::vector<ResourceNeed> resources;
    if (wants[i].first > 0) resources.push_back({"R", false, wants[i].first});
    if (wants[i].second > 0) resources.push_back({"G", true, wants[i].second});
    ASSERT_TRUE(limiter.add(i, needs(resources)).ok());
    limiter.ask(i);
  }
  std::vector<uint64_t> running;
  std::vector<int> executions(8);
  for (int round = 0; round < 5000; ++round) {
    for (const uint64_t instance : limiter.grant()) running.push_back(instance);
    ASSERT_FALSE(running.empty()) << "nothing runs though all want to";
    uint64_t held_r = 0;
    uint64_t held_g = 0;
    for (const uint64_t instance : running) {
      held_r += wants[instance].first;
      held_g += wants[instance].second;
    }
    ASSERT_LE(held_r, 4U);
    ASSERT_LE(held_g, 3U);
    const size_t done = random.below(running.size());
    limiter.release(running[done]);
    ++executions[running[done]];
    limiter.ask(running[done]);
    running.erase(running.begin() + static_cast<ptrdiff_t>(done));
  }
  for (const int count : executions) EXPECT_GT(count, 5000 / 8 / 4) << "starves";
}

}  // namespace
}  // namespace ridgeline::serve
