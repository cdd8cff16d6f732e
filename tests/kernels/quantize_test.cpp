// Steps of 8 bits and back, and what is computed on them by definition.

#include "kernels/quantize.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "kernels/ref/quantized.h"

namespace ridgeline::kernels {
namespace {

using ::testing::ElementsAre;

template <typename T>
TensorView view(std::vector<T>& values, Shape shape) {
  return {dtype_of<T>(), std::move(shape), reinterpret_cast<std::byte*>(values.data())};
}
template <typename T>
TensorView view(std::vector<T>& values) {
  return view(values, {static_cast<int64_t>(values.size())});
}

/// Values around all steps, on their halves and far outside.
std::vector<float> values_around(float scale, Rng& rng) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> values = {kInfinity, -kInfinity, std::nanf(""), 0, -0.0F, 3e38F, -3e38F, 1e-40F};
  for (int half = -600; half < 600; ++half) values.push_back(static_cast<float>(half) * scale / 2);
  for (int i = 0; i < 500; ++i) values.push_back(static_cast<float>(rng.normal()) * 60 * scale);
  return values;
}

template <typename T>
void check_both_ways(float scale, T zero, Rng& rng) {
  ThreadPool pool(2);
  std::vector<float> values = values_around(scale, rng), scales = {scale};
  std::vector<T> zeros = {zero}, want(values.size()), got(values.size());
  std::vector<float> back(values.size()), want_back(values.size());
  const TensorView scale_view = view(scales, {}), zero_view = view(zeros, {});
  const ref::QuantPairs pairs{scale_view, &zero_view};
  ASSERT_TRUE(ref::quantize(view(values), pairs, view(want), pool).ok());
  ASSERT_TRUE(ref::dequantize(view(want), pairs, view(want_back), pool).ok());
  for (const QuantizeImpl& impl : quantize_impls()) {
    if (!impl.accepts(dtype_of<T>(), detect_cpu_features()).ok()) continue;
    ASSERT_TRUE(impl.run(view(values), pairs, view(got), pool).ok());
    EXPECT_EQ(got, want) << impl.name << ", scale " << scale << ", zero " << int{zero};
  }
  for (const QuantizeImpl& impl : dequantize_impls()) {
    if (!impl.accepts(dtype_of<T>(), detect_cpu_features()).ok()) continue;
    ASSERT_TRUE(impl.run(view(want), pairs, view(back), pool).ok());
    EXPECT_EQ(back, want_back) << impl.name << ", scale " << scale << ", zero " << int{zero};
  }
}

TEST(Quantize, EveryInstructionSetGivesTheReferencesBits) {
  Rng rng(21);
  for (int round = 0; round < 40; ++round) {
    const auto scale = static_cast<float>(std::exp(rng.normal() * 3));
    check_both_ways<uint8_t>(scale, static_cast<uint8_t>(rng.below(256)), rng);
    check_both_ways<int8_t>(scale, static_cast<int8_t>(rng.below(256)), rng);
  }
}

TEST(Quantize, EachChannelHasItsPair) {
  ThreadPool pool(2);
  std::vector<float> values(3 * 37), scales = {0.5F, 1, 2};
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 50;
  std::vector<uint8_t> zeros = {100, 50, 0};
  const TensorView scale_view = view(scales), zero_view = view(zeros);
  const ref::QuantPairs pairs{scale_view, &zero_view, 37};
  std::vector<uint8_t> steps(values.size());
  for (const QuantizeImpl& impl : quantize_impls()) {
    if (!impl.accepts(DType::kU8, detect_cpu_features()).ok()) continue;
    ASSERT_TRUE(impl.run(view(values), pairs, view(steps), pool).ok());
    EXPECT_EQ(steps[10], 20) << impl.name;      // −40 / 0.5 + 100
    EXPECT_EQ(steps[37 + 3], 40) << impl.name;  // −10 / 1 + 50
    EXPECT_EQ(steps[74 + 9], 16) << impl.name;  // 33 / 2, a half, to even
  }
}

TEST(QuantizedConv, SumsWholeStepsAndRoundsTwiceWithAResidual) {
  // One channel of 1 × 3, kernel 1 × 2, padded at the left with the zero point: steps 3, 7, 1 less zero 2.
  std::vector<uint8_t> in = {3, 7, 1}, residual = {4, 0, 9};
  std::vector<int8_t> weights = {10, -3};
  std::vector<float> scale = {0.5F}, shift = {0.25F};
  std::vector<int8_t> out(3);
  quantized::QuantizedConvDesc desc{.residual = DType::kU8, .out = DType::kI8, .in_zero = 2};
  desc.conv.has_residual = true;
  desc.conv.window = {.in = {1, 1, 3}, .out = {1, 1, 3}, .kernel = {1, 1, 2}, .pad = {0, 0, 1}};
  desc.finish = {.rounds_sums = true,
                 .middle_low = -5,
                 .middle_high = 6,
                 .middle_scale = 2,
                 .residual_scale = 1,
                 .residual_shift = -1,
                 .low = -7,
                 .high = 100,
                 .zero = 1};
  ThreadPool pool(1);
  const quantized::QuantizedConvArgs args{.in = in.data(),
                                          .weights = weights.data(),
                                          .scale = scale.data(),
                                          .shift = shift.data(),
                                          .residual = residual.data(),
                                          .out = out.data()};
  ref::quantized_conv(desc, args, pool);
  // Sums −3, 10 − 15, 50 + 3; rounded −1.25 → −1, −2.25 → −2, 26.75 → 6; then · 2 + 3, − 1 and + 8; + 1.
  EXPECT_THAT(out, ElementsAre(2, -4, 21));
}

TEST(QuantizedAverage, CountsPaddingAsTheZeroPoint) {
  std::vector<uint8_t> in = {12, 14, 20}, out(3);
  ref::QuantizedAverageDesc desc{.in_zero = 10, .scale = 4, .finish = {.low = 0, .high = 255, .zero = 0}};
  desc.pool.window = {.in = {1, 1, 3}, .out = {1, 1, 3}, .kernel = {1, 1, 2}, .pad = {0, 0, 1}};
  ThreadPool pool(1);
  ASSERT_TRUE(ref::quantized_average(desc, view(in), view(out), pool).ok());
  EXPECT_THAT(out, ElementsAre(8, 12, 28));
  desc.padding.counted = true;
  ASSERT_TRUE(ref::quantized_average(desc, view(in), view(out), pool).ok());
  EXPECT_THAT(out, ElementsAre(4, 12, 28));
}

TEST(QuantizedAdd, TakesBothTypesAndKeepsToItsBounds) {
  std::vector<uint8_t> a = {0, 10, 255};
  std::vector<int8_t> b = {-128, 3, 127};
  std::vector<uint8_t> out(3);
  const ref::QuantizedAddDesc desc{
      .scale = 0.5F,
      .shift = -5,
      .finish = {.residual_scale = 2, .residual_shift = -255, .low = 0, .high = 200, .zero = 5}};
  ThreadPool pool(1);
  ASSERT_TRUE(ref::quantized_add(desc, view(a), view(b), view(out), pool).ok());
  EXPECT_THAT(out, ElementsAre(5, 12, 205));
}

}  // namespace
}  // namespace ridgeline::kernels
