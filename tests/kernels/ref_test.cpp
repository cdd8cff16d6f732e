#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "kernels/broadcast.h"
#include "kernels/ref/binary.h"
#include "kernels/ref/pool.h"
#include "kernels/ref/unary.h"
#include "tensor/element.h"

namespace ridgeline::kernels::ref {
namespace {

using testing::ElementsAre;

template <typename T>
TensorView view(std::vector<T>& values, Shape shape) {
  return {dtype_of<T>(), std::move(shape), reinterpret_cast<std::byte*>(values.data())};
}

TEST(BroadcastWalk, MergesAxesThatAllInputsWalkEvenly) {
  const Shape out{4, 5, 6};
  const BroadcastWalk<2> walk(out, {&out, &out});
  ThreadPool pool(1);
  int rows = 0;
  walk.for_rows(pool, [&](int64_t first, int64_t count, const auto&, const auto&) {
    EXPECT_EQ(first, 0);
    EXPECT_EQ(count, 120);
    ++rows;
  });
  EXPECT_EQ(rows, 1);
}

TEST(Binary, BroadcastsOverMiddleAndOuterAxes) {
  std::vector<float> a = {1, 2, 3, 4, 5, 6}, b = {10, 20}, out(12);
  ThreadPool pool(2);
  ASSERT_TRUE(binary(BinaryOp::kAdd, view(a, {2, 1, 3}), view(b, {2, 1}), view(out, {2, 2, 3}), pool).ok());
  EXPECT_THAT(out, ElementsAre(11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26));
}

TEST(Binary, BroadcastsOverRowsLongerThanAChunk) {
  const int64_t n = 3 * kElementGrain + 7;
  std::vector<float> a(static_cast<size_t>(2 * n)), b = {1, 2}, out(a.size());
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 1000);
  ThreadPool pool(2);
  ASSERT_TRUE(binary(BinaryOp::kMul, view(a, {2, n}), view(b, {2, 1}), view(out, {2, n}), pool).ok());
  for (size_t i = 0; i < a.size(); ++i) ASSERT_EQ(out[i], a[i] * b[i / static_cast<size_t>(n)]);
}

TEST(Binary, IntegersNeverTrap) {
  const int32_t lowest = std::numeric_limits<int32_t>::min();
  std::vector<int32_t> a = {7, lowest, -7}, b = {0, -1, 3}, out(3);
  ThreadPool pool(1);
  ASSERT_TRUE(binary(BinaryOp::kDiv, view(a, {3}), view(b, {3}), view(out, {3}), pool).ok());
  EXPECT_THAT(out, ElementsAre(0, lowest, -2));
  ASSERT_TRUE(binary(BinaryOp::kMod, view(a, {3}), view(b, {3}), view(out, {3}), pool).ok());
  EXPECT_THAT(out, ElementsAre(0, 0, 2));
  ASSERT_TRUE(binary(BinaryOp::kFmod, view(a, {3}), view(b, {3}), view(out, {3}), pool).ok());
  EXPECT_THAT(out, ElementsAre(0, 0, -1));
  ASSERT_TRUE(binary(BinaryOp::kAdd, view(a, {3}), view(a, {3}), view(out, {3}), pool).ok());
  EXPECT_THAT(out, ElementsAre(14, 0, -14));
}

TEST(Binary, RefusesElementTypesThatTheOperatorDoesNotHave) {
  std::vector<float> a = {1}, out(1);
  ThreadPool pool(1);
  const Status status = binary(BinaryOp::kBitwiseAnd, view(a, {1}), view(a, {1}), view(out, {1}), pool);
  EXPECT_EQ(status.code(), ErrorCode::kUnsupported);
}

TEST(Unary, SixteenBitFloatsAreComputedInFloat) {
  std::vector<uint16_t> in = {f32_to_f16(2), f32_to_f16(-0.5F)}, out(2);
  const auto half = [](std::vector<uint16_t>& bits) {
    return TensorView{DType::kF16, {2}, reinterpret_cast<std::byte*>(bits.data())};
  };
  ThreadPool pool(1);
  ASSERT_TRUE(unary(UnaryOp::kExp, {}, half(in), half(out), pool).ok());
  EXPECT_EQ(out[0], f32_to_f16(std::exp(2.0F)));
  EXPECT_EQ(out[1], f32_to_f16(std::exp(-0.5F)));
}

TEST(Unary, NanPassesThroughReluAndClip) {
  std::vector<float> in = {std::nanf(""), -1, 7}, out(3);
  const float high = 6;
  ThreadPool pool(1);
  ASSERT_TRUE(unary(UnaryOp::kRelu, {}, view(in, {3}), view(out, {3}), pool).ok());
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[1], 0);
  ASSERT_TRUE(
      clip(view(in, {3}), nullptr, reinterpret_cast<const std::byte*>(&high), view(out, {3}), pool).ok());
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[2], 6);
}

TEST(MaxPool, ReportsPositionsInBothOrders) {
  std::vector<float> in = {1, 9, 2, 3, 4, 5}, out(1);
  std::vector<int64_t> index(1);
  PoolDesc desc{.planes = 1, .window = {.in{1, 2, 3}, .kernel{1, 2, 3}}};
  ThreadPool pool(1);
  ASSERT_TRUE(max_pool(desc, view(in, {1, 1, 2, 3}), view(out, {1}), {index.data()}, pool).ok());
  EXPECT_EQ(out[0], 9);
  EXPECT_EQ(index[0], 1);
  ASSERT_TRUE(max_pool(desc, view(in, {1, 1, 2, 3}), view(out, {1}), {index.data(), true}, pool).ok());
  EXPECT_EQ(index[0], 2);
}

TEST(AveragePool, CountsPaddingOnlyWhenAsked) {
  std::vector<float> in = {2, 4, 6, 8}, out(1);
  PoolDesc desc{.planes = 1, .window = {.in{1, 2, 2}, .kernel{1, 3, 3}, .pad{0, 1, 1}}};
  ThreadPool pool(1);
  ASSERT_TRUE(average_pool(desc, {}, view(in, {1, 1, 2, 2}), view(out, {1}), pool).ok());
  EXPECT_FLOAT_EQ(out[0], 5);
  ASSERT_TRUE(average_pool(desc, {.counted = true}, view(in, {1, 1, 2, 2}), view(out, {1}), pool).ok());
  EXPECT_FLOAT_EQ(out[0], 20.0F / 9);
}

}  // namespace
}  // namespace ridgeline::kernels::ref
