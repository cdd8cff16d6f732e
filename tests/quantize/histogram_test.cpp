#include "quantize/histogram.h"

#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <vector>

#include "base/rng.h"

namespace ridgeline::quantize {
namespace {

std::vector<float> normal_values(size_t count, double stddev, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(rng.normal() * stddev);
  return values;
}

uint64_t sum(const Histogram::Bins& bins) { return std::accumulate(bins.begin(), bins.end(), uint64_t{0}); }

TEST(Histogram, CountsEachSideOfZeroAndZerosApart) {
  Histogram seen;
  const std::vector<float> values = {-2, -1, 0, 0, 0.5, 3};
  ASSERT_TRUE(seen.add(values, "x").ok());
  EXPECT_EQ(seen.count(), 6U);
  EXPECT_EQ(sum(seen.below_zero()), 2U);
  EXPECT_EQ(sum(seen.above_zero()), 2U);
  EXPECT_EQ(seen.lowest(), -2);
  EXPECT_EQ(seen.highest(), 3);
  EXPECT_EQ(seen.bin_width(), 4.0 / Histogram::kBins);
  EXPECT_EQ(seen.above_zero()[Histogram::kBins / 4 * 3], 1U);
}

TEST(Histogram, DoesNotDependOnTheOrderOfItsValues) {
  const std::vector<float> small = normal_values(1000, 0.01, 1), large = normal_values(1000, 100, 2);
  Histogram rising, falling;
  ASSERT_TRUE(rising.add(small, "x").ok() && rising.add(large, "x").ok());
  ASSERT_TRUE(falling.add(large, "x").ok() && falling.add(small, "x").ok());
  EXPECT_EQ(rising.bin_width(), falling.bin_width());
  EXPECT_EQ(rising.below_zero(), falling.below_zero());
  EXPECT_EQ(rising.above_zero(), falling.above_zero());
}

TEST(Histogram, AtLeastHalfOfItsBinsReachTheLargestMagnitude) {
  for (const float largest : {1e-45F, 1e-30F, 0.99F, 1.0F, 1.01F, 3e38F}) {
    Histogram seen;
    ASSERT_TRUE(seen.add({&largest, 1}, "x").ok());
    EXPECT_LT(double{largest} / seen.bin_width(), Histogram::kBins);
    if (largest > 1e-40F) {
      EXPECT_GE(double{largest} / seen.bin_width(), Histogram::kBins / 2);
    }
    EXPECT_EQ(sum(seen.above_zero()), 1U);
  }
}

TEST(Histogram, RefusesNanAndInfinityByNameAndStaysAsItWas) {
  Histogram seen;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    const std::vector<float> values = {1, bad, 2};
    const Status added = seen.add(values, "layer1/relu");
    ASSERT_FALSE(added.ok());
    EXPECT_EQ(added.code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(added.message(), "layer1/relu: a NaN or an infinity among its values");
  }
  EXPECT_EQ(seen.count(), 0U);
  EXPECT_EQ(seen.highest(), 0);
}

}  // namespace
}  // namespace ridgeline::quantize
