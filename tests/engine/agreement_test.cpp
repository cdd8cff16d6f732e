#include "engine/agreement.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace ridgeline {
namespace {

std::vector<Tensor> logits(const std::vector<float>& values) {
  const Shape shape{2, static_cast<int64_t>(values.size()) / 2};
  return {Tensor::from_values<float>(shape, values).value()};
}

TEST(Agreement, EqualOutputsAgreeInEveryFigure) {
  const auto outputs = logits({1, 2, 3, 4, 5, 6});
  const Agreement agreement = compare_outputs(outputs, outputs).value();
  EXPECT_EQ(agreement.max_abs_diff, 0);
  EXPECT_EQ(agreement.scale, 6);
  EXPECT_DOUBLE_EQ(agreement.cosine, 1);
  EXPECT_EQ(agreement.top1_agreement, 1);
}

TEST(Agreement, DifferencesAreMeasuredAndTop1IsCountedPerImage) {
  const Agreement agreement = compare_outputs(logits({1, 2, 3, 4}), logits({1, 2, 4.5, 4})).value();
  EXPECT_EQ(agreement.max_abs_diff, 1.5);
  EXPECT_EQ(agreement.top1_agreement, 0.5);
  EXPECT_NEAR(agreement.cosine, (1 + 4 + 13.5 + 16) / std::sqrt(30 * (1 + 4 + 20.25 + 16)), 1e-12);
}

TEST(Agreement, Top1OfAMapIsTakenAtEachPosition) {
  const Shape shape{1, 2, 1, 2};  // two classes at two places
  const std::vector<float> reference = {1, 0, 0, 1}, output = {1, 2, 0, 1};
  const std::vector<Tensor> a = {Tensor::from_values<float>(shape, reference).value()};
  const std::vector<Tensor> b = {Tensor::from_values<float>(shape, output).value()};
  EXPECT_EQ(compare_outputs(a, b)->top1_agreement, 0.5);
}

TEST(Agreement, ANanThatTheReferenceLacksIsAMismatch) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(compare_outputs(logits({1, 2}), logits({1, nan})).ok());
  EXPECT_TRUE(compare_outputs(logits({1, nan}), logits({1, nan})).ok());
}

TEST(Agreement, AnotherShapeIsAMismatch) {
  EXPECT_THAT(compare_outputs(logits({1, 2}), logits({1, 2, 3, 4})).status().message(),
              testing::HasSubstr("f32 2x2, f32 2x1 in the reference"));
}

TEST(Agreement, ThePrecisionDecidesWhatIsTolerated) {
  const Agreement agreement{.max_abs_diff = 0.05, .scale = 10, .cosine = 0.9995, .top1_agreement = 1.0};
  EXPECT_FALSE(check_agreement(agreement, Precision::kFp32).ok());
  EXPECT_FALSE(check_agreement(agreement, Precision::kBf16x3).ok());
  EXPECT_TRUE(check_agreement(agreement, Precision::kFp16).ok());
  EXPECT_TRUE(check_agreement(agreement, Precision::kBf16).ok());
  const Agreement turned{.max_abs_diff = 1, .scale = 10, .cosine = 0.9, .top1_agreement = 1.0};
  EXPECT_FALSE(check_agreement(turned, Precision::kInt8).ok());
}

}  // namespace
}  // namespace ridgeline
