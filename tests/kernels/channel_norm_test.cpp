#include "kernels/blocked/channel_norm.h"

#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <vector>

#include "base/rng.h"
#include "kernels/blocked/block.h"
#include "kernels/blocked/turn.h"
#include "random_values.h"

namespace ridgeline::kernels::blocked {
namespace {

/// With what lanes past the last channel may hold.
std::vector<float> to_littered_blocks(const TurnDesc& image, const std::vector<float>& planes,
                                      ThreadPool& pool) {
  std::vector<float> blocks(
      static_cast<size_t>(image.batch * blocks_of(image.channels) * image.plane * kBlock));
  to_blocks(image, planes.data(), blocks.data(), pool);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const int64_t block = at / (image.plane * kBlock) % blocks_of(image.channels);
    if (block * kBlock + at % kBlock >= image.channels) blocks[i] = 3e38F;
  }
  return blocks;
}

TEST(ChannelNorm, RandomImagesInBlocksGiveWhatTheReferenceGives) {
  Rng rng(41);
  std::map<std::string_view, int> takers;
  for (int round = 0; round < 300; ++round) {
    const auto upto = [&](uint64_t bound) { return 1 + static_cast<int64_t>(rng.below(bound)); };
    const ref::ChannelNorm norm{
        .batch = upto(3), .channels = upto(90), .pixels = upto(70), .epsilon = rng.below(2) == 0 ? 1e-3F : 1};
    const TurnDesc image{.batch = norm.batch, .channels = norm.channels, .plane = norm.pixels};
    std::vector<float> in =
        random_values(norm.batch * norm.channels * norm.pixels, static_cast<unsigned>(round));
    for (float& value : in) value += 100;  // a mean that cancels
    const std::vector<float> scale = random_values(norm.channels, 1), bias = random_values(norm.channels, 2);
    const float* const added = rng.below(2) == 0 ? bias.data() : nullptr;
    ThreadPool pool(static_cast<int>(upto(3)));
    std::vector<float> expected(in.size()), planes(in.size());
    ref::normalise_channels(norm, {in.data(), scale.data(), added, expected.data()}, pool);
    for (const ChannelNormImpl& impl : channel_norm_impls()) {
      if (!impl.accepts(norm, detect_cpu_features()).ok()) continue;
      ++takers[impl.name];
      const std::vector<float> blocks = to_littered_blocks(image, in, pool);
      std::vector<float> out(blocks.size(), std::nanf(""));
      impl.run(norm, {blocks.data(), scale.data(), added, out.data()}, pool);
      for (const float value : out) ASSERT_TRUE(std::isfinite(value)) << impl.name;
      to_planes(image, out.data(), planes.data(), pool);
      for (size_t i = 0; i < planes.size(); ++i)
        ASSERT_NEAR(planes[i], expected[i], 2e-4) << impl.name << ", " << norm.channels << " channels, " << i;
    }
  }
  for (const auto& [name, count] : takers) EXPECT_EQ(count, 300) << name;
}

TEST(ChannelNorm, OfThePixelsOfAnImageIsTheDefinition) {
  const ref::ChannelNorm norm{.batch = 1, .channels = 2, .pixels = 3, .epsilon = 0};
  const std::vector<float> in = {1, 10, 5, 3, 20, -5}, scale = {2, 3}, bias = {0.5F, -1};
  std::vector<float> out(6);
  ThreadPool pool(1);
  ref::normalise_channels(norm, {in.data(), scale.data(), bias.data(), out.data()}, pool);
  EXPECT_EQ(out, (std::vector<float>{-1.5F, -1.5F, 2.5F, 2, 2, -4}));
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
