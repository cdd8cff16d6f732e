// Sampling between pixels, TopK, quantisation and einsum against their plain definitions.

#include "kernels/ref/resize.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <vector>

#include "base/rng.h"
#include "kernels/ref/einsum.h"
#include "kernels/ref/quantize.h"
#include "kernels/ref/top_k.h"

namespace ridgeline::kernels::ref {
namespace {

Tensor noise(const Shape& shape, uint64_t seed) {
  Rng rng(seed);
  Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
  for (float& element : tensor.as<float>()) element = static_cast<float>(rng.normal());
  return tensor;
}

/// Output i lies between pixels i / 2 and the next.
SampledAxis doubled(int64_t dim) {
  SampledAxis axis{.pixels = {{}, {}}, .weights = {{}, {}}, .outside = {}};
  for (int64_t i = 0; i < 2 * dim; ++i) {
    axis.pixels[0].push_back(i / 2);
    axis.pixels[1].push_back(std::min(i / 2 + 1, dim - 1));
    axis.weights[0].push_back(i % 2 == 0 ? 1.0F : 0.25F);
    axis.weights[1].push_back(i % 2 == 0 ? 0.0F : 0.75F);
  }
  return axis;
}

TEST(Resample, SumsTheProductsOfAllAxesTaps) {
  ThreadPool pool(2);
  const Tensor in = noise({2, 3, 20, 35}, 1);
  Tensor out = Tensor::zeros(DType::kF32, {2, 3, 40, 70}).value();
  const std::vector<SampledAxis> axes = {{}, {}, doubled(20), doubled(35)};
  resample(in.view(), axes, 0, out.view(), pool);
  for (int64_t plane = 0; plane < 6; ++plane)
    for (int64_t y = 0; y < 40; ++y)
      for (int64_t x = 0; x < 70; ++x) {
        double expected = 0;
        for (size_t i = 0; i < 2; ++i)
          for (size_t j = 0; j < 2; ++j)
            expected +=
                axes[2].weights[i][static_cast<size_t>(y)] * axes[3].weights[j][static_cast<size_t>(x)] *
                in.as<float>()[static_cast<size_t>((plane * 20 + axes[2].pixels[i][static_cast<size_t>(y)]) *
                                                       35 +
                                                   axes[3].pixels[j][static_cast<size_t>(x)])];
        ASSERT_NEAR(out.as<float>()[static_cast<size_t>((plane * 40 + y) * 70 + x)], expected, 1e-5);
      }
}

TEST(Resample, FillsWhatLiesOutside) {
  ThreadPool pool(1);
  const Tensor in = noise({2, 3}, 2);
  Tensor out = Tensor::zeros(DType::kF32, {4, 6}).value();
  std::vector<SampledAxis> axes = {doubled(2), doubled(3)};
  axes[0].outside = {3};
  axes[1].outside = {0, 5};
  resample(in.view(), axes, 9, out.view(), pool);
  for (size_t i = 0; i < 24; ++i) {
    const bool is_outside = i / 6 == 3 || i % 6 == 0 || i % 6 == 5;
    EXPECT_EQ(out.as<float>()[i] == 9, is_outside) << i;
  }
}

TEST(TopK, IsTheHeadOfAStableSortAlongEveryAxis) {
  ThreadPool pool(2);
  Rng rng(4);
  Tensor in = Tensor::zeros(DType::kF32, {5, 40, 6}).value();
  for (float& element : in.as<float>()) element = static_cast<float>(rng.next() % 20);
  for (size_t axis = 0; axis < 3; ++axis)
    for (const bool largest : {true, false})
      for (int64_t k = 0; k <= in.shape()[axis]; k += 3) {
        Shape shape = in.shape();
        shape[axis] = k;
        Tensor out = Tensor::zeros(DType::kF32, shape).value();
        Tensor indices = Tensor::zeros(DType::kI64, shape).value();
        const TensorView values = out.view(), positions = indices.view();
        ASSERT_TRUE(top_k(largest, in.view(), axis, {values, positions}, pool).ok());
        int64_t stride = 1;
        for (size_t i = axis + 1; i < 3; ++i) stride *= in.shape()[i];
        const int64_t dim = in.shape()[axis];
        for (int64_t line = 0; line < in.element_count() / dim; ++line) {
          const auto value = [&](int64_t i) {
            return in
                .as<float>()[static_cast<size_t>(line / stride * stride * dim + line % stride + i * stride)];
          };
          std::vector<int64_t> order(static_cast<size_t>(dim));
          std::iota(order.begin(), order.end(), 0);
          std::ranges::stable_sort(order, [&](int64_t a, int64_t b) {
            return largest ? value(a) > value(b) : value(a) < value(b);
          });
          for (int64_t i = 0; i < k; ++i) {
            const auto at = static_cast<size_t>(line / stride * stride * k + line % stride + i * stride);
            ASSERT_EQ(indices.as<int64_t>()[at], order[static_cast<size_t>(i)]);
            ASSERT_EQ(out.as<float>()[at], value(order[static_cast<size_t>(i)]));
          }
        }
      }
}

TEST(Quantize, RoundsHalvesToEvenAndSaturatesWhateverComes) {
  ThreadPool pool(1);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {1, 3, -1, 1000, -1000, kInfinity, -kInfinity, std::nanf("")};
  const Tensor in = Tensor::from_values<float>({8}, values).value();
  const std::vector<float> two = {2};
  const Tensor scale = Tensor::from_values<float>({}, two).value();
  Tensor out = Tensor::zeros(DType::kI8, {8}).value();
  const TensorView scale_view = scale.view();
  ASSERT_TRUE(quantize(in.view(), {scale_view}, out.view(), pool).ok());
  const std::vector<int8_t> expected = {0, 2, 0, 127, -128, 127, -128, -128};
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(out.as<int8_t>()[i], expected[i]) << i;
}

TEST(Quantize, DequantizingPerChannelComesWithinHalfAStep) {
  ThreadPool pool(2);
  const Tensor in = noise({3, 5, 7000}, 8);
  Tensor small = Tensor::zeros(DType::kU8, in.shape()).value(),
         out = Tensor::zeros(DType::kF32, in.shape()).value();
  const std::vector<float> scales = {0.05F, 0.06F, 0.07F, 0.08F, 0.09F};
  std::vector<uint8_t> zeros = {128, 127, 126, 125, 124};
  const Tensor scale = Tensor::from_values<float>({5}, scales).value();
  const Tensor zero = Tensor::from_values<uint8_t>({5}, zeros).value();
  const TensorView scale_view = scale.view();
  const TensorView zero_view = zero.view();
  const QuantPairs pairs{scale_view, &zero_view, 7000};
  ASSERT_TRUE(quantize(in.view(), pairs, small.view(), pool).ok());
  ASSERT_TRUE(dequantize(small.view(), pairs, out.view(), pool).ok());
  for (size_t i = 0; i < static_cast<size_t>(in.element_count()); ++i)
    ASSERT_NEAR(out.as<float>()[i], in.as<float>()[i], scales[i / 7000 % 5] * 0.501F);
}

TEST(Einsum, MultipliesMatricesAndTakesTraces) {
  ThreadPool pool(2);
  const Tensor a = noise({6, 4, 5}, 1), b = noise({6, 5, 3}, 2);
  std::vector<float> out(72);
  EinsumDesc product{.out_dims = {6, 4, 3}, .summed_dims = {5}, .operands = {{}, {}}};
  product.operands[0] = {{20, 5, 0}, {1}};
  product.operands[1] = {{15, 0, 1}, {3}};
  einsum(product, {a.as<float>().data(), b.as<float>().data()}, out.data(), pool);
  for (size_t n = 0; n < 6; ++n)
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 3; ++j) {
        float expected = 0;
        for (size_t k = 0; k < 5; ++k)
          expected += a.as<float>()[(n * 4 + i) * 5 + k] * b.as<float>()[(n * 5 + k) * 3 + j];
        ASSERT_NEAR(out[(n * 4 + i) * 3 + j], expected, 1e-5);
      }
  EinsumDesc trace{.out_dims = {}, .summed_dims = {4}, .operands = {{}}};
  trace.operands[0].summed_strides[0] = 5 + 1;
  einsum(trace, {a.as<float>().data()}, out.data(), pool);
  const auto x = a.as<float>();
  EXPECT_NEAR(out[0], x[0] + x[6] + x[12] + x[18], 1e-6);
}

}  // namespace
}  // namespace ridgeline::kernels::ref
