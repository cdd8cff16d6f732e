#include "vision/augment.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <numeric>

#include "tensor/tensor.h"
#include "vision/color_ops.h"
#include "vision/mix.h"
#include "vision/sampler.h"
#include "vision/trivial_augment.h"

namespace ridgeline::vision {
namespace {

Image picture() {
  Image image(37, 23);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      for (int c = 0; c < 3; ++c)
        image.pixel(x, y)[c] = static_cast<uint8_t>(60 + 4 * x + y * (c + 1) * 2 + (x * y * (c + 2)) % 17);
  return image;
}

int64_t weighted_sum(const Image& image) {
  int64_t sum = 0;
  for (size_t i = 0; i < image.rgb.size(); ++i) sum += image.rgb[i] * static_cast<int64_t>(i % 97 + 1);
  return sum;
}

struct Recorded {
  TrivialOp op;
  double magnitude;
  int64_t sum;
};
class TrivialAugmentEqualsTorchvision : public ::testing::TestWithParam<Recorded> {};

// Recorded from torchvision's _apply_op on the PIL image of picture(), bilinear.
TEST_P(TrivialAugmentEqualsTorchvision, ByteForByte) {
  Image image = picture();
  Image scratch;
  apply_trivial_augment({GetParam().op, GetParam().magnitude}, Interpolation::kBilinear, image, scratch);
  EXPECT_EQ(weighted_sum(image), GetParam().sum);
}

INSTANTIATE_TEST_SUITE_P(
    EveryOperation, TrivialAugmentEqualsTorchvision,
    ::testing::Values(
        Recorded{TrivialOp::kIdentity, 0, 19523980}, Recorded{TrivialOp::kShearX, 0.33, 17770645},
        Recorded{TrivialOp::kShearX, -0.99, 13685612}, Recorded{TrivialOp::kShearY, 0.66, 8974804},
        Recorded{TrivialOp::kTranslateX, -12.8, 14228443}, Recorded{TrivialOp::kTranslateY, 7.4, 13740176},
        Recorded{TrivialOp::kRotate, 31.5, 15526781}, Recorded{TrivialOp::kRotate, -90.0, 13288926},
        Recorded{TrivialOp::kBrightness, 0.5, 25865400}, Recorded{TrivialOp::kBrightness, -0.7, 5802890},
        Recorded{TrivialOp::kColor, 0.9, 19617926}, Recorded{TrivialOp::kColor, -0.4, 19609505},
        Recorded{TrivialOp::kContrast, 0.6, 19519206}, Recorded{TrivialOp::kContrast, -0.99, 19782524},
        Recorded{TrivialOp::kSharpness, 0.99, 19501835}, Recorded{TrivialOp::kSharpness, -0.5, 19475642},
        Recorded{TrivialOp::kPosterize, 3, 17615168}, Recorded{TrivialOp::kSolarize, 127.5, 8611659},
        Recorded{TrivialOp::kAutoContrast, 0, 19524006}, Recorded{TrivialOp::kEqualize, 0, 17313731}));

// Recorded from torchvision's adjust_hue.
TEST(ColorOps, HueEqualsTorchvision) {
  for (const auto& [turn, sum] : {std::pair{0.1, 18569351}, {-0.3, 18931381}, {0.5, 19026256}}) {
    Image image = picture();
    adjust_hue(image, turn);
    EXPECT_EQ(weighted_sum(image), sum) << turn;
  }
}

// Recorded from torchvision's rotation with the nearest pixel.
TEST(TrivialAugment, TakesTheNearestPixelWhereAsked) {
  Image image = picture();
  Image scratch;
  apply_trivial_augment({TrivialOp::kRotate, 31.5}, Interpolation::kNearest, image, scratch);
  EXPECT_EQ(weighted_sum(image), 15589494);
}

TEST(TrivialAugment, DrawsEveryOperationAboutEquallyOftenWithinItsRange) {
  Rng random(1);
  std::map<TrivialOp, int> count;
  double largest_turn = 0;
  bool negative = false;
  for (int i = 0; i < 14000; ++i) {
    const TrivialDraw draw = draw_trivial_augment(random);
    ++count[draw.op];
    if (draw.op != TrivialOp::kRotate) continue;
    largest_turn = std::max(largest_turn, draw.magnitude);
    negative = negative || draw.magnitude < 0;
  }
  ASSERT_EQ(count.size(), 14U);
  for (const auto& [op, times] : count) EXPECT_NEAR(times, 1000, 150) << static_cast<int>(op);
  EXPECT_EQ(largest_turn, 135);
  EXPECT_TRUE(negative);
}

TEST(Crop, LiesWithinThePictureAndKeepsToAreaAndRatio) {
  Rng random(2);
  const Augmentation how{.scale = {0.2, 0.6}};
  double mean_area = 0;
  constexpr int kDraws = 5000;
  for (int i = 0; i < kDraws; ++i) {
    const Rectangle crop = draw_crop(500, 375, how, random);
    ASSERT_TRUE(crop.left >= 0 && crop.top >= 0 && crop.left + crop.width <= 500 &&
                crop.top + crop.height <= 375);
    const double ratio = static_cast<double>(crop.width) / crop.height;
    ASSERT_TRUE(ratio > 0.74 && ratio < 1.35) << ratio;
    mean_area += static_cast<double>(crop.width) * crop.height / (500 * 375) / kDraws;
  }
  EXPECT_NEAR(mean_area, 0.4, 0.02);
}

TEST(Crop, OfAVeryLongPictureIsTheCentredOneOfTheNearestRatio) {
  Rng random(3);
  EXPECT_EQ(draw_crop(1000, 10, {.scale = {0.9, 1.0}}, random), (Rectangle{493, 0, 13, 10}));
  EXPECT_EQ(draw_crop(10, 1000, {.scale = {0.9, 1.0}}, random), (Rectangle{0, 493, 10, 13}));
}

TEST(Erasure, IsSmallerThanThePictureAndLiesWithinIt) {
  Rng random(4);
  for (int i = 0; i < 2000; ++i) {
    const Rectangle hole = draw_erasure(64, random);
    ASSERT_TRUE(hole.left >= 0 && hole.top >= 0 && hole.left + hole.width <= 64 &&
                hole.top + hole.height <= 64);
    const double share = static_cast<double>(hole.width) * hole.height / (64 * 64);
    ASSERT_TRUE(share > 0.015 && share < 0.35) << share;
  }
}

TEST(Jitter, OfNothingChangesNothingAndOneOfItChangesColours) {
  Rng random(5);
  Image image = picture();
  jitter_colors({}, random, image);
  EXPECT_EQ(image.rgb, picture().rgb);
  jitter_colors({.brightness = 0.4, .contrast = 0.4, .saturation = 0.4, .hue = 0.1}, random, image);
  EXPECT_NE(image.rgb, picture().rgb);
}

TEST(Mix, BetaHasItsMeanAndVariance) {
  for (const double alpha : {0.2, 1.0, 3.0}) {
    Rng random(6);
    double sum = 0;
    double squares = 0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      const double x = draw_beta(alpha, random);
      ASSERT_TRUE(x >= 0 && x <= 1);
      sum += x;
      squares += (x - 0.5) * (x - 0.5);
    }
    EXPECT_NEAR(sum / kDraws, 0.5, 0.01);
    EXPECT_NEAR(squares / kDraws, 1 / (4 * (2 * alpha + 1)), 0.004) << alpha;
  }
}

/// Image i is filled with i and of class i, so that what is mixed in can be read from values and targets
/// alike.
struct Mixed {
  Tensor images, targets;
};
Mixed mixed(const Augmentation& how, Layout layout) {
  constexpr int64_t kCount = 3;
  constexpr int64_t kSide = 16;
  const Shape shape =
      layout == Layout::kNchw ? Shape{kCount, 3, kSide, kSide} : Shape{kCount, kSide, kSide, 3};
  Mixed result{Tensor::zeros(DType::kF32, shape).value(),
               Tensor::zeros(DType::kF32, {kCount, kCount}).value()};
  for (size_t i = 0; i < result.images.as<float>().size(); ++i)
    result.images.as<float>()[i] = static_cast<float>(i / (3 * kSide * kSide));
  fill_targets(std::vector<int64_t>{0, 1, 2}, 0, result.targets.view());
  Rng random(9);
  mix_batch(how, layout, random, result.images.view(), result.targets.view());
  return result;
}

TEST(Mix, PixelsAndTargetsAreMixedByTheSameShareWithTheImageBefore) {
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc})
    for (const Augmentation& how : {Augmentation{.mixup_alpha = 1}, Augmentation{.cutmix_alpha = 1}}) {
      const Mixed result = mixed(how, layout);
      const auto targets = result.targets.as<float>();
      const size_t size = result.images.as<float>().size() / 3;
      for (size_t i = 0; i < 3; ++i) {
        const size_t before = (i + 2) % 3;
        const float share = targets[i * 3 + i];
        EXPECT_TRUE(share > 0 && share < 1) << share;
        EXPECT_FLOAT_EQ(targets[i * 3 + before], 1 - share);
        const auto image = result.images.as<float>().subspan(i * size, size);
        const float mean = std::accumulate(image.begin(), image.end(), 0.0F) / static_cast<float>(size);
        EXPECT_NEAR(mean, static_cast<float>(i) * share + static_cast<float>(before) * (1 - share), 1e-4);
      }
    }
}

TEST(Sampler, StreamsOfNeighboursAreUnrelated) {
  EXPECT_NE(random_stream(1, 0, 0).next(), random_stream(1, 0, 1).next());
  EXPECT_NE(random_stream(1, 0, 1).next(), random_stream(1, 1, 0).next());
  EXPECT_NE(random_stream(1, 0, 0).next(), random_stream(2, 0, 0).next());
  EXPECT_EQ(random_stream(1, 2, 3).next(), random_stream(1, 2, 3).next());
}

TEST(Sampler, AnOrderHasEverySampleOnceAndDiffersByEpoch) {
  const ShardConfig config{.samples = 50, .shuffle = true, .seed = 3};
  std::vector<int64_t> first = shard_order(config, 0);
  EXPECT_NE(first, shard_order(config, 1));
  std::sort(first.begin(), first.end());
  for (int64_t i = 0; i < 50; ++i) ASSERT_EQ(first[static_cast<size_t>(i)], i);
}

}  // namespace
}  // namespace ridgeline::vision
