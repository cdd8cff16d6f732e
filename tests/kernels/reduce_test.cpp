// Reductions and normalisations against their plain definitions, on random shapes.

#include "kernels/ref/reduce.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <vector>

#include "base/rng.h"
#include "kernels/ref/normalise.h"

namespace ridgeline::kernels::ref {
namespace {

Tensor noise(const Shape& shape, Rng& rng) {
  Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
  for (float& element : tensor.as<float>()) element = static_cast<float>(rng.normal());
  return tensor;
}

/// The elements that each output reduces, in double.
std::vector<std::vector<double>> groups_of(const Tensor& in, const AxisSet& axes) {
  std::map<std::vector<int64_t>, std::vector<double>> groups;
  for (int64_t i = 0; i < in.element_count(); ++i) {
    std::vector<int64_t> key;
    int64_t rest = i;
    for (size_t axis = in.shape().rank(); axis-- > 0;) {
      if (!axes[axis]) key.insert(key.begin(), rest % in.shape()[axis]);
      rest /= in.shape()[axis];
    }
    groups[key].push_back(in.as<float>()[static_cast<size_t>(i)]);
  }
  std::vector<std::vector<double>> in_order;
  for (const auto& [key, group] : groups) in_order.push_back(group);
  return in_order;
}

double expected_of(ReduceOp op, const std::vector<double>& group) {
  double sum = 0, absolute = 0, squares = 0, product = 1, exponentials = 0;
  for (const double x : group) {
    sum += x;
    absolute += std::abs(x);
    squares += x * x;
    product *= x;
    exponentials += std::exp(x);
  }
  switch (op) {
    case ReduceOp::kL1:
      return absolute;
    case ReduceOp::kL2:
      return std::sqrt(squares);
    case ReduceOp::kLogSum:
      return std::log(sum);
    case ReduceOp::kLogSumExp:
      return std::log(exponentials);
    case ReduceOp::kMax:
      return *std::max_element(group.begin(), group.end());
    case ReduceOp::kMean:
      return sum / static_cast<double>(group.size());
    case ReduceOp::kMin:
      return *std::min_element(group.begin(), group.end());
    case ReduceOp::kProd:
      return product;
    case ReduceOp::kSum:
      return sum;
    case ReduceOp::kSumSquare:
      return squares;
  }
  return 0;
}

TEST(Reduce, EveryOperationOverEverySetOfAxesGivesWhatItsDefinitionSays) {
  Rng rng(17);
  ThreadPool pool(2);
  const std::array ops = {ReduceOp::kL1,  ReduceOp::kL2,       ReduceOp::kLogSum, ReduceOp::kLogSumExp,
                          ReduceOp::kMax, ReduceOp::kMean,     ReduceOp::kMin,    ReduceOp::kProd,
                          ReduceOp::kSum, ReduceOp::kSumSquare};
  for (const Shape& shape :
       {Shape{3, 70, 5, 9}, Shape{2, 3, 33, 17}, Shape{4, 130, 1, 1}, Shape{2, 2, 4, 90}})
    for (unsigned long mask = 0; mask < 16; ++mask) {
      const Tensor in = noise(shape, rng);
      const auto groups = groups_of(in, mask);
      Tensor out = Tensor::zeros(DType::kF32, {static_cast<int64_t>(groups.size())}).value();
      for (const ReduceOp op : ops) {
        ASSERT_TRUE(reduce(op, in.view(), mask, out.view(), pool).ok());
        for (size_t i = 0; i < groups.size(); ++i) {
          const double expected = expected_of(op, groups[i]);
          if (std::isnan(expected)) continue;
          ASSERT_NEAR(out.as<float>()[i], expected, 1e-5 * std::max(1.0, std::abs(expected)))
              << shape.to_string() << " mask " << mask << " op " << static_cast<int>(op);
        }
      }
    }
}

TEST(Reduce, NanWinsAndLogSumExpDoesNotOverflow) {
  ThreadPool pool(1);
  Tensor in = Tensor::zeros(DType::kF32, {20}).value();
  Tensor out = Tensor::zeros(DType::kF32, {1}).value();
  in.as<float>()[7] = 200;
  ASSERT_TRUE(reduce(ReduceOp::kLogSumExp, in.view(), 1, out.view(), pool).ok());
  EXPECT_FLOAT_EQ(out.as<float>()[0], 200);
  in.as<float>()[7] = std::nanf("");
  for (const ReduceOp op : {ReduceOp::kMax, ReduceOp::kMin, ReduceOp::kSum}) {
    ASSERT_TRUE(reduce(op, in.view(), 1, out.view(), pool).ok());
    EXPECT_TRUE(std::isnan(out.as<float>()[0]));
  }
}

TEST(Reduce, NothingReducesToTheNeutralElement) {
  ThreadPool pool(1);
  const Tensor in = Tensor::zeros(DType::kF32, {3, 0}).value();
  Tensor out = Tensor::zeros(DType::kF32, {3}).value();
  ASSERT_TRUE(reduce(ReduceOp::kProd, in.view(), 2, out.view(), pool).ok());
  EXPECT_EQ(out.as<float>()[2], 1);
  ASSERT_TRUE(reduce(ReduceOp::kSum, in.view(), 2, out.view(), pool).ok());
  EXPECT_EQ(out.as<float>()[2], 0);
}

TEST(ArgExtreme, BreaksTiesAsAsked) {
  ThreadPool pool(2);
  Tensor in = Tensor::zeros(DType::kF32, {2, 5}).value();
  in.as<float>()[1] = in.as<float>()[3] = 4;
  in.as<float>()[5] = in.as<float>()[9] = 4;
  Tensor out = Tensor::zeros(DType::kI64, {2}).value();
  ASSERT_TRUE(arg_extreme({true, Tie::kFirst}, in.view(), 1, out.view(), pool).ok());
  EXPECT_EQ(out.as<int64_t>()[0], 1);
  EXPECT_EQ(out.as<int64_t>()[1], 0);
  ASSERT_TRUE(arg_extreme({true, Tie::kLast}, in.view(), 1, out.view(), pool).ok());
  EXPECT_EQ(out.as<int64_t>()[0], 3);
  EXPECT_EQ(out.as<int64_t>()[1], 4);
}

struct NormCase {
  const char* name;
  RowNorm norm;
};
class NormaliseRows : public ::testing::TestWithParam<NormCase> {};

TEST_P(NormaliseRows, GivesWhatItsDefinitionSays) {
  const RowNorm& norm = GetParam().norm;
  Rng rng(3);
  ThreadPool pool(2);
  const Tensor in = noise({norm.rows, norm.count}, rng);
  const Tensor scale = noise({norm.affine_count}, rng), bias = noise({norm.affine_count}, rng);
  Tensor out = Tensor::zeros(DType::kF32, {norm.rows, norm.count}).value();
  normalise_rows(norm,
                 {.in = in.as<float>().data(),
                  .scale = scale.as<float>().data(),
                  .bias = bias.as<float>().data(),
                  .out = out.as<float>().data()},
                 pool);
  for (int64_t row = 0; row < norm.rows; ++row) {
    double mean = 0, variance = 0;
    const auto row_of =
        in.as<float>().subspan(static_cast<size_t>(row * norm.count), static_cast<size_t>(norm.count));
    for (const float x : row_of) mean += x / static_cast<double>(norm.count);
    for (const float x : row_of) variance += (x - mean) * (x - mean) / static_cast<double>(norm.count);
    for (int64_t i = row * norm.count; i < (row + 1) * norm.count; ++i) {
      const auto affine = static_cast<size_t>(i / norm.run % norm.affine_count);
      const double expected = (in.as<float>()[static_cast<size_t>(i)] - mean) /
                                  std::sqrt(variance + norm.epsilon) * scale.as<float>()[affine] +
                              bias.as<float>()[affine];
      ASSERT_NEAR(out.as<float>()[static_cast<size_t>(i)], expected, 1e-5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, NormaliseRows,
    ::testing::Values(NormCase{"layer", {.rows = 50, .count = 97, .affine_count = 97}},
                      NormCase{"instance", {.rows = 12, .count = 49, .run = 49, .affine_count = 4}},
                      NormCase{"group_of_channels", {.rows = 6, .count = 100, .run = 25, .affine_count = 8}},
                      NormCase{"group", {.rows = 6, .count = 100, .run = 100, .affine_count = 2}}),
    [](const auto& test) { return test.param.name; });

TEST(Lrn, SumsOverChannelsAroundEachOneOnPlanesOfAnySize) {
  Rng rng(9);
  ThreadPool pool(2);
  for (const LrnRule& rule :
       {LrnRule{.size = 5}, LrnRule{.size = 4, .alpha = 0.5F, .beta = 0.6F, .bias = 2}}) {
    const Tensor in = noise({2, 7, 300}, rng);
    Tensor out = Tensor::zeros(DType::kF32, in.shape()).value();
    lrn(rule, in.view(), out.view(), pool);
    for (int64_t n = 0; n < 2; ++n)
      for (int64_t c = 0; c < 7; ++c)
        for (int64_t i = 0; i < 300; ++i) {
          double sum = 0;
          for (int64_t k = c - (rule.size - 1) / 2; k <= c + rule.size / 2; ++k)
            if (k >= 0 && k < 7)
              sum += std::pow(in.as<float>()[static_cast<size_t>((n * 7 + k) * 300 + i)], 2);
          const auto at = static_cast<size_t>((n * 7 + c) * 300 + i);
          const double base = rule.bias + rule.alpha / static_cast<double>(rule.size) * sum;
          ASSERT_NEAR(out.as<float>()[at], in.as<float>()[at] / std::pow(base, rule.beta), 1e-5);
        }
  }
}

}  // namespace
}  // namespace ridgeline::kernels::ref
