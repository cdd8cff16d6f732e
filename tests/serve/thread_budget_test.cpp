#include "serve/scheduling/thread_budget.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace ridgeline::serve {
namespace {

std::vector<int64_t> threads(const std::vector<ThreadDemand>& demands, int64_t cores,
                             bool may_exceed = false) {
  std::vector<int64_t> shares;
  for (const ThreadShare& share : share_threads(demands, cores, may_exceed).shares)
    shares.push_back(share.threads);
  return shares;
}

using Threads = std::vector<int64_t>;

TEST(ThreadBudget, SharesTheCoresAmongAllInstances) {
  EXPECT_EQ(threads({{"a", 1, {}}}, 8), Threads{8});
  EXPECT_EQ(threads({{"a", 2, {}}}, 8), Threads{4});
  EXPECT_EQ(threads({{"a", 1, {}}, {"b", 1, {}}}, 8), (Threads{4, 4}));
  EXPECT_EQ(threads({{"a", 3, {}}, {"b", 1, {}}}, 8), (Threads{2, 2}));
  EXPECT_EQ(threads({{"a", 3, {}}}, 8), Threads{2}) << "two cores stay free: instances of a model are equal";
}

TEST(ThreadBudget, GivesWhatWasAskedForFirstWhileThatFits) {
  EXPECT_EQ(threads({{"a", 1, 2}, {"b", 1, {}}}, 8), (Threads{2, 6}));
  EXPECT_EQ(threads({{"a", 1, {}}, {"b", 2, 3}}, 8), (Threads{2, 3}));
  EXPECT_EQ(threads({{"a", 1, 16}, {"b", 1, {}}}, 8), (Threads{7, 1}));
  EXPECT_EQ(threads({{"a", 4, 4}, {"b", 1, 2}}, 8), (Threads{1, 2}));
}

TEST(ThreadBudget, EveryInstanceHasAThreadHoweverFewCoresThereAre) {
  EXPECT_EQ(threads({{"a", 3, 4}, {"b", 2, {}}}, 2), (Threads{1, 1}));
}

TEST(ThreadBudget, ExceedsTheCoresOnlyWhenToldSo) {
  EXPECT_EQ(threads({{"a", 2, 4}, {"b", 1, {}}}, 4, true), (Threads{4, 1}));
  EXPECT_EQ(threads({{"a", 1, 2}, {"b", 1, {}}}, 4, true), (Threads{2, 2}));
}

TEST(ThreadBudget, ExplainsItself) {
  const ThreadPlan fits = share_threads(std::vector<ThreadDemand>{{"a", 1, 2}, {"b", 2, {}}}, 8, false);
  EXPECT_EQ(fits.shares[0].why, "model 'a': 1 instance of 2 threads, as configured");
  EXPECT_EQ(fits.shares[1].why, "model 'b': 2 instances of 3 threads, its share of 8 cores");
  EXPECT_EQ(fits.summary, "8 threads on 8 cores");
  const ThreadPlan tight = share_threads(std::vector<ThreadDemand>{{"a", 3, 4}}, 2, false);
  EXPECT_EQ(
      tight.shares[0].why,
      "model 'a': 3 instances of 1 thread, not the 4 configured: all models' instances together would pass 2 "
      "cores; ask for fewer instances or threads, or allow more threads than cores");
  EXPECT_EQ(tight.summary, "3 threads on 2 cores: every instance needs one; fewer instances would be faster");
  EXPECT_EQ(share_threads(std::vector<ThreadDemand>{{"a", 2, 4}}, 4, true).summary,
            "8 threads on 4 cores: they take turns, as was allowed");
}

TEST(ThreadBudget, NeverPassesTheCoresNorLeavesWhatCouldBeUsed) {
  Rng random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<ThreadDemand> demands(1 + random.below(5));
    int64_t instances = 0;
    for (ThreadDemand& demand : demands) {
      demand.instances = 1 + static_cast<int64_t>(random.below(4));
      if (random.below(2) == 0) demand.asked = 1 + static_cast<int64_t>(random.below(8));
      instances += demand.instances;
    }
    const int64_t cores = 1 + static_cast<int64_t>(random.below(64));
    const ThreadPlan plan = share_threads(demands, cores, false);
    int64_t total = 0;
    for (size_t i = 0; i < demands.size(); ++i) {
      const ThreadShare& share = plan.shares[i];
      total += share.instances * share.threads;
      ASSERT_GE(share.threads, 1);
      ASSERT_LE(share.threads, demands[i].asked.value_or(cores));
      const bool could_have_more =
          share.threads < demands[i].asked.value_or(cores) && plan.total + share.instances <= cores;
      ASSERT_FALSE(could_have_more);
    }
    ASSERT_EQ(total, plan.total);
    ASSERT_LE(total, std::max(cores, instances));
  }
}

}  // namespace
}  // namespace ridgeline::serve
