// Moves of elements against their plain definitions, on random shapes.

#include "kernels/ref/move.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

#include "base/rng.h"
#include "kernels/ref/gather.h"
#include "kernels/ref/strided.h"

namespace ridgeline::kernels::ref {
namespace {

Tensor counting(const Shape& shape) {
  Tensor tensor = Tensor::zeros(DType::kI32, shape).value();
  std::iota(tensor.as<int32_t>().begin(), tensor.as<int32_t>().end(), 0);
  return tensor;
}

/// Coordinates of element `index` of a tensor of `dims`.
std::vector<int64_t> position_of(int64_t index, const std::vector<int64_t>& dims) {
  std::vector<int64_t> position(dims.size());
  for (size_t axis = dims.size(); axis-- > 0;) {
    position[axis] = index % dims[axis];
    index /= dims[axis];
  }
  return position;
}

Shape random_shape(Rng& rng, size_t rank, int64_t largest) {
  Shape shape;
  for (size_t axis = 0; axis < rank; ++axis)
    shape.dims().push_back(1 + static_cast<int64_t>(rng.next() % static_cast<uint64_t>(largest)));
  return shape;
}

TEST(StridedMove, EveryTransposeGivesWhatItsDefinitionSays) {
  Rng rng(11);
  ThreadPool pool(2);
  for (int round = 0; round < 200; ++round) {
    const Tensor in = counting(random_shape(rng, 1 + rng.next() % 5, 9));
    const size_t rank = in.shape().rank();
    std::vector<int64_t> order(rank);
    std::iota(order.begin(), order.end(), 0);
    for (size_t i = rank; i > 1; --i) std::swap(order[i - 1], order[rng.next() % i]);
    Shape shape;
    for (const int64_t axis : order) shape.dims().push_back(in.shape()[static_cast<size_t>(axis)]);
    Tensor out = Tensor::zeros(DType::kI32, shape).value();
    transpose(in.view(), order, out.view(), pool);
    const Dims strides = strides_of(in.shape());
    for (int64_t i = 0; i < out.element_count(); ++i) {
      const std::vector<int64_t> position = position_of(i, shape.dims());
      int64_t source = 0;
      for (size_t axis = 0; axis < rank; ++axis)
        source += position[axis] * strides[static_cast<size_t>(order[axis])];
      ASSERT_EQ(out.as<int32_t>()[static_cast<size_t>(i)], source) << in.shape().to_string();
    }
  }
}

TEST(StridedMove, WideMatricesAreTurnedWhole) {
  ThreadPool pool(2);
  const Tensor in = counting({131, 1047});
  Tensor out = Tensor::zeros(DType::kI32, {1047, 131}).value();
  const std::vector<int64_t> order = {1, 0};
  transpose(in.view(), order, out.view(), pool);
  for (int64_t i = 0; i < 1047; ++i)
    for (int64_t j = 0; j < 131; ++j)
      ASSERT_EQ(out.as<int32_t>()[static_cast<size_t>(i * 131 + j)], j * 1047 + i);
}

TEST(StridedMove, WalksBackwardsAndStandsStill) {
  ThreadPool pool(1);
  const Tensor in = counting({4});
  Tensor out = Tensor::zeros(DType::kI32, {3, 4}).value();
  Strided source{3, {}};
  source.strides[1] = -1;
  StridedMove(out.shape().dims(), source, dense(out.shape())).run(in.view(), out.view(), pool);
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(out.as<int32_t>()[i], 3 - static_cast<int32_t>(i % 4));
}

TEST(Concat, PutsPartsBesideEachOtherAlongEveryAxis) {
  ThreadPool pool(2);
  for (size_t axis = 0; axis < 3; ++axis) {
    Shape left_shape{3, 40, 500}, right_shape = left_shape, shape = left_shape;
    right_shape[axis] = 7;
    shape[axis] += 7;
    const Tensor left = counting(left_shape), right = counting(right_shape);
    Tensor out = Tensor::zeros(DType::kI32, shape).value();
    const std::vector<TensorView> parts = {left.view(), right.view()};
    concat(parts, axis, out.view(), pool);
    for (int64_t i = 0; i < out.element_count(); ++i) {
      std::vector<int64_t> position = position_of(i, shape.dims());
      const bool is_left = position[axis] < left_shape[axis];
      if (!is_left) position[axis] -= left_shape[axis];
      const Dims strides = strides_of(is_left ? left_shape : right_shape);
      int64_t source = 0;
      for (size_t j = 0; j < 3; ++j) source += position[j] * strides[j];
      ASSERT_EQ(out.as<int32_t>()[static_cast<size_t>(i)], source) << axis;
    }
  }
}

TEST(Remap, TakesEveryAxisFromItsSourcesAndFillsWhereThereIsNone) {
  Rng rng(5);
  ThreadPool pool(2);
  for (int round = 0; round < 200; ++round) {
    const Tensor in = counting(random_shape(rng, 1 + rng.next() % 3, 25));
    std::vector<AxisSources> sources;
    Shape shape;
    for (const int64_t dim : in.shape()) {
      AxisSources along(static_cast<size_t>(dim));
      std::iota(along.begin(), along.end(), 0);
      if (rng.next() % 2 == 0) along.resize(1 + rng.next() % 20);
      if (rng.next() % 3 == 0)  // each position twice, the first nowhere
        for (size_t i = 0; i < along.size(); ++i) along[i] = static_cast<int64_t>(i / 2) - 1;
      if (rng.next() % 3 == 0)
        for (int64_t& source : along)
          source = static_cast<int64_t>(rng.next() % static_cast<uint64_t>(dim + 1)) - 1;
      for (int64_t& source : along) source = std::min(source, dim - 1);
      shape.dims().push_back(static_cast<int64_t>(along.size()));
      sources.push_back(along);
    }
    Tensor out = Tensor::zeros(DType::kI32, shape).value();
    const int32_t fill = -7;
    Remap(in.shape(), sources).run(in.view(), reinterpret_cast<const std::byte*>(&fill), out.view(), pool);
    const Dims strides = strides_of(in.shape());
    for (int64_t i = 0; i < out.element_count(); ++i) {
      const std::vector<int64_t> position = position_of(i, shape.dims());
      int64_t expected = 0;
      for (size_t axis = 0; axis < sources.size() && expected >= 0; ++axis) {
        const int64_t source = sources[axis][static_cast<size_t>(position[axis])];
        expected = source == kNowhere ? fill : expected + source * strides[axis];
      }
      ASSERT_EQ(out.as<int32_t>()[static_cast<size_t>(i)], expected);
    }
  }
}

TEST(Gather, NamesAnIndexThatLiesOutside) {
  ThreadPool pool(1);
  const Tensor in = counting({4, 3});
  Tensor out = Tensor::zeros(DType::kI32, {2, 3}).value();
  Tensor indices = Tensor::zeros(DType::kI64, {2}).value();
  indices.as<int64_t>()[1] = -1;
  ASSERT_TRUE(gather(in.view(), indices.view(), 0, out.view(), pool).ok());
  EXPECT_EQ(out.as<int32_t>()[3], 9);
  indices.as<int64_t>()[1] = -5;
  const Status status = gather(in.view(), indices.view(), 0, out.view(), pool);
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "index -5 lies outside an axis of 4");
}

}  // namespace
}  // namespace ridgeline::kernels::ref
