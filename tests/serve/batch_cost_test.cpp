#include "serve/scheduling/batch_cost.h"

#include <chrono>
#include <gtest/gtest.h>

namespace ridgeline::serve {
namespace {

using std::chrono::milliseconds;

TEST(BatchCost, IsWhatABatchTakesBesidesItsRows) {
  BatchCost cost;
  cost.add(8, milliseconds(5 + 8 * 2));
  cost.add(2, milliseconds(5 + 2 * 2));
  cost.add(4, milliseconds(40));  // only the ends of the line count
  EXPECT_EQ(cost.of_itself(), milliseconds(5));
}

TEST(BatchCost, IsNothingWhereTimeGoesByRows) {
  BatchCost cost;
  cost.add(1, milliseconds(10));
  cost.add(4, milliseconds(41));
  EXPECT_EQ(cost.of_itself(), Nanos{0});
}

TEST(BatchCost, IsNotKnownFromBatchesOfOneSize) {
  BatchCost cost;
  EXPECT_EQ(cost.of_itself(), Nanos{0});
  for (int i = 0; i < 3; ++i) cost.add(4, milliseconds(40 + i));
  EXPECT_EQ(cost.of_itself(), Nanos{0});
}

TEST(BatchCost, IsNotRaisedByWhatDisturbsABatch) {
  BatchCost cost;
  cost.add(1, milliseconds(10));
  cost.add(4, milliseconds(40));
  cost.add(1, milliseconds(500));
  EXPECT_LT(cost.of_itself(), milliseconds(1));
}

TEST(BatchCost, FollowsAMachineThatChanges) {
  BatchCost cost;
  cost.add(1, milliseconds(10));
  cost.add(2, milliseconds(20));
  for (int i = 0; i < 300; ++i) {
    cost.add(1, milliseconds(100));
    cost.add(2, milliseconds(100));
  }
  EXPECT_EQ(cost.of_itself(), milliseconds(100));
}

}  // namespace
}  // namespace ridgeline::serve
