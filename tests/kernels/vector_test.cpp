// Every implementation of the elementwise functions, softmax and pooling against the reference.

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "kernels/pool.h"
#include "kernels/ref/move.h"
#include "kernels/ref/normalise.h"
#include "kernels/row_norm.h"
#include "kernels/softmax.h"
#include "kernels/unary.h"
#include "random_window.h"

namespace ridgeline::kernels {
namespace {

Tensor noise(const Shape& shape, uint64_t seed, double scale = 1) {
  Rng rng(seed);
  Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
  for (float& element : tensor.as<float>()) element = static_cast<float>(scale * rng.normal());
  return tensor;
}

/// Relative to what is expected, and `absolute` near 0; infinities and NaN are to be the same.
void expect_near(const Tensor& actual, const Tensor& expected, double absolute, std::string_view what) {
  for (size_t i = 0; i < static_cast<size_t>(expected.element_count()); ++i) {
    const double a = actual.as<float>()[i], b = expected.as<float>()[i];
    const bool is_same = a == b || (std::isnan(a) && std::isnan(b));
    ASSERT_TRUE(is_same || std::abs(a - b) <= absolute + 2e-6 * std::abs(b))
        << what << " element " << i << ": " << a << ", not " << b;
  }
}

/// Values of every size, both zeros, both infinities and NaN; an odd number of them.
Tensor values_of_every_size() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> values = {0,     -0.0F, kInfinity, -kInfinity, std::nanf(""), 1e-30F, -1e-30F,
                               88.7F, 89,    -87.4F,    -103,       -105,          1e30F,  -1e30F};
  for (float x = 1e-6F; x < 200; x *= 1.01F) values.insert(values.end(), {x, -x});
  values.push_back(0.625F);
  return Tensor::from_values<float>({static_cast<int64_t>(values.size())}, std::span<const float>(values))
      .value();
}

TEST(EveryUnary, GivesWhatTheReferenceGivesOnValuesOfEverySize) {
  using enum ref::UnaryOp;
  ThreadPool pool(2);
  const Tensor in = values_of_every_size();
  Tensor expected = Tensor::zeros(DType::kF32, in.shape()).value();
  Tensor out = Tensor::zeros(DType::kF32, in.shape()).value();
  for (const ref::UnaryOp op :
       {kElu, kErf, kExp, kGelu, kGeluTanh, kHardSigmoid, kHardSwish, kLeakyRelu, kMish, kSigmoid, kTanh}) {
    const UnaryDesc desc{.op = op, .params = {0.2F, 0.5F}};
    ASSERT_TRUE(ref::unary(op, desc.params, in.view(), expected.view(), pool).ok());
    for (const UnaryImpl& impl : unary_impls()) {
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      ASSERT_TRUE(impl.run(desc, in.view(), out.view(), pool).ok());
      expect_near(out, expected, 1e-6, fmt::format("{} op {}", impl.name, static_cast<int>(op)));
    }
  }
}

TEST(EveryUnary, WorksInPlaceOnAnyLength) {
  ThreadPool pool(1);
  for (int64_t count = 1; count < 40; ++count) {
    const Tensor in = noise({count}, 1);
    Tensor expected = Tensor::zeros(DType::kF32, {count}).value();
    const UnaryDesc desc{.op = ref::UnaryOp::kSigmoid};
    ASSERT_TRUE(ref::unary(desc.op, {}, in.view(), expected.view(), pool).ok());
    for (const UnaryImpl& impl : unary_impls()) {
      if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
      Tensor copy = noise({count}, 1);
      ASSERT_TRUE(impl.run(desc, copy.view(), copy.view(), pool).ok());
      expect_near(copy, expected, 1e-7, impl.name);
    }
  }
}

TEST(EverySoftmax, GivesWhatTheReferenceGivesAlongEveryAxis) {
  ThreadPool pool(2);
  for (const Shape& shape :
       {Shape{3, 37, 70}, Shape{2, 1000}, Shape{5, 7, 3}, Shape{1, 1, 130}, Shape{0, 4, 2}}) {
    const Tensor in = noise(shape, 2, 10);
    for (size_t axis = 0; axis < shape.rank(); ++axis)
      for (const bool logarithm : {false, true}) {
        Tensor expected = Tensor::zeros(DType::kF32, shape).value();
        ref::softmax(in.view(), axis, logarithm, expected.view(), pool);
        for (const SoftmaxImpl& impl : softmax_impls()) {
          const SoftmaxDesc desc{.axis = axis, .logarithm = logarithm};
          if (!impl.accepts(desc, detect_cpu_features()).ok()) continue;
          Tensor out = Tensor::zeros(DType::kF32, shape).value();
          impl.run(desc, in.view(), out.view(), pool);
          expect_near(out, expected, logarithm ? 5e-6 : 1e-7, impl.name);
        }
      }
  }
}

TEST(EverySoftmax, NeitherOverflowsNorLosesNan) {
  ThreadPool pool(1);
  Tensor in = Tensor::zeros(DType::kF32, {2, 19}).value();
  in.as<float>()[3] = 300;
  in.as<float>()[19 + 17] = std::nanf("");
  for (const SoftmaxImpl& impl : softmax_impls()) {
    if (!impl.accepts({.axis = 1}, detect_cpu_features()).ok()) continue;
    Tensor out = Tensor::zeros(DType::kF32, {2, 19}).value();
    impl.run({.axis = 1}, in.view(), out.view(), pool);
    EXPECT_EQ(out.as<float>()[3], 1) << impl.name;
    EXPECT_EQ(out.as<float>()[0], 0) << impl.name;
    EXPECT_TRUE(std::isnan(out.as<float>()[19])) << impl.name;
  }
}

/// Masked scores, as shifted windows have them: products with denormal numbers take a hundred times as long.
TEST(EverySoftmax, MakesZeroOfWhatIsMaskedWhereItIsFast) {
  ThreadPool pool(1);
  Tensor in = Tensor::zeros(DType::kF32, {19, 19}).value();
  for (int64_t i = 0; i < in.element_count(); ++i) in.as<float>()[i] = static_cast<float>(-(i % 19) * 7);
  for (const SoftmaxImpl& impl : softmax_impls()) {
    if (impl.name == "ref" || !impl.accepts({.axis = 1}, detect_cpu_features()).ok()) continue;
    for (const size_t axis : {0U, 1U}) {
      Tensor lines = Tensor::zeros(DType::kF32, {19, 19}).value();
      Tensor out = Tensor::zeros(DType::kF32, {19, 19}).value();
      ref::transpose(in.view(), std::array<int64_t, 2>{axis == 0 ? 1 : 0, axis == 0 ? 0 : 1}, lines.view(),
                     pool);
      impl.run({.axis = axis}, lines.view(), out.view(), pool);
      for (const float value : out.as<float>()) EXPECT_NE(std::fpclassify(value), FP_SUBNORMAL) << impl.name;
    }
  }
}

/// Of one scale for each element (layer), for each plane (instance), for runs of planes that the last cuts
/// off (group); values far from 0, where sums of squares would cancel.
TEST(EveryRowNorm, GivesWhatTheReferenceGives) {
  ThreadPool pool(2);
  for (const ref::RowNorm& norm : {ref::RowNorm{.rows = 37, .count = 192, .affine_count = 192},
                                   ref::RowNorm{.rows = 5, .count = 7, .affine_count = 7},
                                   ref::RowNorm{.rows = 0, .count = 3, .affine_count = 3},
                                   ref::RowNorm{.rows = 12, .count = 5001, .run = 5001, .affine_count = 6},
                                   ref::RowNorm{.rows = 6, .count = 300, .run = 100, .affine_count = 9},
                                   ref::RowNorm{.rows = 3, .count = 70, .run = 30, .affine_count = 4}}) {
    Tensor in = noise({norm.rows * norm.count}, 8, 3);
    for (float& x : in.as<float>()) x += 100;
    const Tensor scale = noise({norm.affine_count}, 9), bias = noise({norm.affine_count}, 10);
    for (const bool has_bias : {true, false}) {
      const auto normalised = [&](auto run) {
        std::array<Tensor, 3> out = {Tensor::zeros(DType::kF32, in.shape()).value(),
                                     Tensor::zeros(DType::kF32, {norm.rows}).value(),
                                     Tensor::zeros(DType::kF32, {norm.rows}).value()};
        run(norm,
            {in.as<float>().data(), scale.as<float>().data(), has_bias ? bias.as<float>().data() : nullptr,
             out[0].as<float>().data(), out[1].as<float>().data(), out[2].as<float>().data()},
            pool);
        return out;
      };
      const auto expected = normalised(ref::normalise_rows);
      for (const RowNormImpl& impl : row_norm_impls()) {
        if (!impl.accepts(norm, detect_cpu_features()).ok()) continue;
        const auto out = normalised(impl.run);
        for (size_t i = 0; i < out.size(); ++i) expect_near(out[i], expected[i], 2e-5, impl.name);
      }
    }
  }
}

/// Windows of any kernel, stride, dilation and padding over planes of any size, some of them deep.
ref::PoolDesc random_pool(Rng& rng) {
  ref::PoolDesc desc{.planes = 1 + static_cast<int64_t>(rng.below(5))};
  desc.window = random_window(rng, {.kernel = 5, .slack = {3, 90, 90}});
  return desc;
}

TEST(EveryPool, GivesWhatTheReferenceGivesOnAnyWindow) {
  Rng rng(6);
  ThreadPool pool(2);
  for (int round = 0; round < 400; ++round) {
    PoolCase test{.kind = round % 2 == 0 ? PoolKind::kMax : PoolKind::kAverage, .desc = random_pool(rng)};
    test.padding = {.counted = round % 4 == 1, .pad_end = test.desc.window.pad};
    const Window& w = test.desc.window;
    Tensor in = noise({test.desc.planes, w.in[0], w.in[1], w.in[2]}, static_cast<uint64_t>(round));
    if (round % 10 == 0) in.as<float>()[0] = std::nanf("");
    Tensor expected = Tensor::zeros(DType::kF32, {test.desc.planes, w.out[0], w.out[1], w.out[2]}).value();
    ASSERT_TRUE(pool_impls().back().run(test, in.view(), expected.view(), pool).ok());
    for (const PoolImpl& impl : pool_impls()) {
      if (!impl.accepts(test, detect_cpu_features()).ok()) continue;
      Tensor out = Tensor::zeros(DType::kF32, expected.shape()).value();
      ASSERT_TRUE(impl.run(test, in.view(), out.view(), pool).ok());
      expect_near(out, expected, 1e-6, fmt::format("{} round {}", impl.name, round));
    }
  }
}

}  // namespace
}  // namespace ridgeline::kernels
