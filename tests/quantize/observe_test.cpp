#include "quantize/observe.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "engine/native/native_engine.h"
#include "quantize/small_model.h"

namespace ridgeline::quantize {
namespace {

using ::testing::HasSubstr;

const Shape kImages{2, 3, 8, 8};

std::map<std::string, Histogram> observed(const ImageBatches& batches, int64_t most_bytes = 1 << 20) {
  const auto engine = make_native_engine();
  auto seen = observe(small_model(), values_to_observe(small_model()), batches,
                      {.engine = *engine, .batch_shape = kImages, .most_bytes = most_bytes});
  EXPECT_TRUE(seen.ok()) << seen.status().message();
  return *seen;
}

TEST(Observe, SeesTheInputItselfAndWhatTheEngineMakesOfIt) {
  const auto seen = observed([](const auto& take) { return take(small_images(1), 2); });
  const Tensor images = small_images(1);
  EXPECT_EQ(seen.at("x").highest(), *std::ranges::max_element(images.as<float>()));
  EXPECT_EQ(seen.at("x").lowest(), *std::ranges::min_element(images.as<float>()));
  EXPECT_EQ(seen.at("r1").lowest(), 0);
  EXPECT_EQ(seen.at("r1").count(), 2U * 4 * 8 * 8);
  EXPECT_EQ(seen.at("p").highest(), seen.at("r1").highest());
  EXPECT_LT(seen.at("c2").lowest(), 0);
}

TEST(Observe, IsTheSameInOnePassAndInMany) {
  int passes = 0;
  const auto batches = [&](const auto& take) -> Status {
    ++passes;
    RETURN_IF_ERROR(take(small_images(1), 2));
    return take(small_images(2), 2);
  };
  const auto at_once = observed(batches);
  EXPECT_EQ(passes, 1);
  const auto apart = observed(batches, 1);
  EXPECT_EQ(passes, 1 + static_cast<int>(at_once.size()));
  for (const auto& [value, histogram] : at_once) {
    EXPECT_EQ(histogram.above_zero(), apart.at(value).above_zero()) << value;
    EXPECT_EQ(histogram.below_zero(), apart.at(value).below_zero()) << value;
  }
}

TEST(Observe, CountsOnlyTheImagesThatABatchHolds) {
  const auto seen = observed([](const auto& take) { return take(small_images(1), 1); });
  EXPECT_EQ(seen.at("x").count(), 3U * 8 * 8);
  EXPECT_EQ(seen.at("f").count(), 4U);
}

TEST(Observe, NamesAValueThatIsNoNumber) {
  const auto engine = make_native_engine();
  Tensor images = small_images(1);
  images.as<float>()[7] = std::numeric_limits<float>::infinity();
  const auto seen =
      observe(small_model(), values_to_observe(small_model()),
              [&](const auto& take) { return take(images, 2); }, {.engine = *engine, .batch_shape = kImages});
  EXPECT_THAT(seen.status().message(), HasSubstr("x: a NaN or an infinity"));
}

TEST(Observe, RefusesAModelWithFurtherInputs) {
  Graph model = small_model();
  model.inputs.push_back(model.inputs[0]);
  const auto engine = make_native_engine();
  const auto seen = observe(model, {"x"}, [](const auto&) { return Status(); },
                            {.engine = *engine, .batch_shape = kImages});
  EXPECT_THAT(seen.status().message(), HasSubstr("the model has 2 inputs"));
}

}  // namespace
}  // namespace ridgeline::quantize
