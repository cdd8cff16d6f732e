#include "quantize/judge.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace ridgeline::quantize {
namespace {

TEST(ShareInterval, IsWilsons) {
  // R. G. Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
  struct Case {
    int64_t hits, count;
    double low, high;
  };
  for (const Case& one : {Case{81, 263, 0.2553, 0.3662}, Case{15, 148, 0.0624, 0.1605},
                          Case{0, 20, 0, 0.1611}, Case{1, 29, 0.0061, 0.1718}}) {
    EXPECT_NEAR(share_interval(one.hits, one.count).low, one.low, 5e-5);
    EXPECT_NEAR(share_interval(one.hits, one.count).high, one.high, 5e-5);
  }
  EXPECT_NEAR(share_interval(10, 10).high, 1, 1e-12);
  EXPECT_EQ(share_interval(0, 0).low, 0);
  EXPECT_EQ(share_interval(0, 0).high, 1);
}

TEST(PairedDropInterval, HoldsTheDropAndNarrowsWithMoreImages) {
  for (const int64_t scale : {1, 10, 100}) {
    const Interval drop = paired_drop_interval(5 * scale, 2 * scale, 100 * scale);
    EXPECT_LT(drop.low, 0.03);
    EXPECT_GT(drop.high, 0.03);
    EXPECT_LT(drop.high - drop.low, 0.11 / std::sqrt(static_cast<double>(scale)));
  }
}

TEST(PairedDropInterval, IsSymmetricAndNeverEmpty) {
  const Interval none = paired_drop_interval(0, 0, 50);
  EXPECT_LT(none.low, 0);
  EXPECT_DOUBLE_EQ(none.low, -none.high);
  const Interval up = paired_drop_interval(7, 1, 50), down = paired_drop_interval(1, 7, 50);
  EXPECT_DOUBLE_EQ(up.low, -down.high);
  EXPECT_DOUBLE_EQ(up.high, -down.low);
  EXPECT_EQ(paired_drop_interval(1, 0, 1).high, 1);
}

TEST(Sqnr, IsTenTimesTheLogOfTheRatioOfPowers) {
  const std::vector<float> reference = {3, 4}, other = {3, 3.5F};
  EXPECT_NEAR(sqnr_db(reference, other), 20, 1e-9);  // 25 over 0.25
  EXPECT_EQ(sqnr_db(reference, reference), std::numeric_limits<double>::infinity());
}

TEST(Compare, TellsWhatWasLostFromWhatWasGained) {
  const Answers before{.files = {0, 1, 3, 4}, .best = {0, 1, 1, 2}, .logits = {1}, .skipped = {"2 is bad"}};
  const Answers after{.files = {0, 1, 3, 4}, .best = {0, 2, 3, 2}, .logits = {1}, .skipped = {"2 is bad"}};
  const std::vector<int> labels = {0, 1, 9, 3, 4};
  const Comparison found = compare(before, after, labels);
  EXPECT_EQ(found.images, 4);
  EXPECT_EQ(found.hits_before, 2);
  EXPECT_EQ(found.hits_after, 2);
  EXPECT_EQ(found.lost, 1);
  EXPECT_EQ(found.gained, 1);
  EXPECT_EQ(found.agreed, 2);
  EXPECT_EQ(found.drop_points(), 0);
}

}  // namespace
}  // namespace ridgeline::quantize
