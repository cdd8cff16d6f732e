#include "quantize/range.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "base/rng.h"

namespace ridgeline::quantize {
namespace {

Histogram histogram_of(const std::vector<float>& values) {
  Histogram seen;
  EXPECT_TRUE(seen.add(values, "x").ok());
  return seen;
}

/// Normal values, or their positive part, with one far outlier.
std::vector<float> with_outlier(bool only_positive, float outlier) {
  Rng rng(7);
  std::vector<float> values;
  for (int i = 0; i < 200000; ++i) {
    const auto value = static_cast<float>(rng.normal());
    values.push_back(only_positive ? std::max(value, 0.0F) : value);
  }
  values.push_back(outlier);
  return values;
}

double dequantized(float value, ActivationScale how) {
  const double level = std::clamp(std::nearbyint(double{value} / how.scale) + how.zero_point, 0.0, 255.0);
  return (level - how.zero_point) * how.scale;
}

TEST(Range, MinMaxHoldsAllValuesAndZero) {
  EXPECT_EQ(range_of(histogram_of({1, 2, 3}), Method::kMinMax), (Range{0, 3}));
  EXPECT_EQ(range_of(histogram_of({-4, -1}), Method::kMinMax), (Range{-4, 0}));
  EXPECT_EQ(range_of(histogram_of({-0.5, 8}), Method::kMinMax), (Range{-0.5, 8}));
}

TEST(Range, PercentileLeavesOutTheOutermostShare) {
  std::vector<float> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(static_cast<float>(i));
  const Histogram positive = histogram_of(values);
  EXPECT_NEAR(range_of(positive, Method::kPercentile, 90).high, 900, 1.5);
  EXPECT_EQ(range_of(positive, Method::kPercentile, 90).low, 0);
  EXPECT_EQ(range_of(positive, Method::kPercentile, 100), (Range{0, 1000}));
  for (int i = 1; i <= 1000; ++i) values.push_back(static_cast<float>(-i));
  const Range both = range_of(histogram_of(values), Method::kPercentile, 90);
  EXPECT_NEAR(both.high, 900, 1.5);
  EXPECT_NEAR(both.low, -900, 1.5);
}

TEST(Range, PercentileCountsZerosAsValues) {
  std::vector<float> values(900, 0.0F);
  for (int i = 1; i <= 100; ++i) values.push_back(static_cast<float>(i));
  EXPECT_NEAR(range_of(histogram_of(values), Method::kPercentile, 95).high, 50, 1);
}

TEST(Range, EntropyCutsAFarOutlierAndKeepsTheBody) {
  for (const bool only_positive : {false, true}) {
    const Range found = range_of(histogram_of(with_outlier(only_positive, 60)), Method::kEntropy);
    EXPECT_GT(found.high, 2.5F);
    EXPECT_LT(found.high, 30.0F);
    if (only_positive) {
      EXPECT_EQ(found.low, 0);
    }
  }
}

TEST(Range, EntropyKeepsAllOfAnEvenDistribution) {
  Rng rng(3);
  std::vector<float> values;
  for (int i = 0; i < 200000; ++i) values.push_back(static_cast<float>(rng.uniform()));
  EXPECT_GT(range_of(histogram_of(values), Method::kEntropy).high, 0.98F);
}

TEST(Range, NoMethodReachesBeyondWhatWasSeen) {
  for (const float outlier : {-3.0F, 9.0F, 1e30F, 1e-30F}) {
    const Histogram seen = histogram_of(with_outlier(outlier > 0, outlier));
    for (const Method method : {Method::kMinMax, Method::kEntropy, Method::kPercentile}) {
      const Range range = range_of(seen, method);
      EXPECT_GE(range.low, seen.lowest());
      EXPECT_LE(range.high, seen.highest());
      EXPECT_LE(range.low, 0);
      EXPECT_GT(range.high, 0);
    }
  }
}

TEST(Range, OfNothingOrNothingButZerosIsZeroUnderEveryMethod) {
  for (const Method method : {Method::kMinMax, Method::kEntropy, Method::kPercentile}) {
    EXPECT_EQ(range_of(Histogram(), method), Range());
    EXPECT_EQ(range_of(histogram_of({0, 0, 0}), method), Range());
    EXPECT_EQ(range_of(histogram_of({2, 2, 2}), method).high, 2);
    EXPECT_EQ(method_from_name(name_of(method)), method);
  }
  EXPECT_EQ(method_from_name("best"), std::nullopt);
}

TEST(ActivationScale, ZeroIsExactAndErrorsStayWithinAStep) {
  constexpr float kHuge = std::numeric_limits<float>::max();
  for (const Range range : {Range{0, 1}, Range{-1, 1}, Range{-2.1F, 0}, Range{-0.01F, 6}, Range{0, 1e-44F},
                            Range{-kHuge, kHuge}, Range{}}) {
    const ActivationScale how = activation_scale(range);
    EXPECT_GE(how.scale, std::numeric_limits<float>::min());
    EXPECT_TRUE(std::isfinite(how.scale));
    EXPECT_EQ(dequantized(0, how), 0);
    if (range.low == 0) {
      EXPECT_EQ(how.zero_point, 0);
    }
    for (const float share : {0.0F, 0.2F, 0.7F, 1.0F}) {
      const float value = range.low * (1 - share) + range.high * share;
      EXPECT_LE(std::abs(dequantized(value, how) - value), 1.001 * how.scale);
    }
  }
}

TEST(WeightScales, EveryChannelUsesAllOfItsSteps) {
  const std::vector<float> rows = {1, -127, 0.5, 0.25, 0, 0};  // 3 channels of 2
  EXPECT_EQ(weight_scales(rows, 3, 2), (std::vector<float>{1, 0.5F / 127, 1}));
  const std::vector<float> columns = {1, 254, -2, 127};  // 2 channels, inner 1
  EXPECT_EQ(weight_scales(columns, 2, 1), (std::vector<float>{2.0F / 127, 2}));
}

TEST(WeightScales, ArePositiveForZerosAndTheSmallestNumbers) {
  const std::vector<float> zeros(4);
  EXPECT_EQ(weight_scales(zeros, 2, 2), (std::vector<float>{1, 1}));
  const std::vector<float> tiny = {1e-45F, 0};
  for (const float scale : weight_scales(tiny, 2, 1)) EXPECT_GE(scale, std::numeric_limits<float>::min());
}

}  // namespace
}  // namespace ridgeline::quantize
