#include "kernels/ref/columns.h"

#include <gtest/gtest.h>
#include <vector>

#include "base/rng.h"
#include "kernels/ref/conv.h"
#include "random_values.h"
#include "random_window.h"

namespace ridgeline::kernels::ref {
namespace {

/// A convolution of any stride, dilation and padding whose gradient fits its input.
ConvDesc random_conv(Rng& rng) {
  const auto below = [&](uint64_t limit) { return static_cast<int64_t>(rng.below(limit)); };
  ConvDesc desc{.in_channels = 1 + below(6), .out_channels = 1 + below(6), .has_bias = below(2) == 0};
  desc.window = random_window(rng, {.kernel = 4, .slack = {12, 12, 12}});
  return desc;
}

TEST(ColumnsToImage, CompletesTheProductToATransposedConvolution) {
  Rng rng(12);
  ThreadPool pool(2);
  for (unsigned round = 0; round < 100; ++round) {
    const ConvDesc desc = random_conv(rng);
    const int64_t positions = volume(desc.window.out), width = desc.out_channels * volume(desc.window.kernel);
    const auto in = random_values(desc.in_channels * positions, round);
    const auto weights = random_values(desc.in_channels * width, round + 1);
    const auto bias = random_values(desc.out_channels, round + 2);
    std::vector<float> columns(static_cast<size_t>(positions * width));
    for (int64_t i = 0; i < positions; ++i)
      for (int64_t k = 0; k < desc.in_channels; ++k)
        for (int64_t j = 0; j < width; ++j)
          columns[static_cast<size_t>(i * width + j)] +=
              in[static_cast<size_t>(k * positions + i)] * weights[static_cast<size_t>(k * width + j)];
    std::vector<float> expected(static_cast<size_t>(desc.out_channels * volume(desc.window.in)));
    std::vector<float> out(expected.size(), 99);
    conv_transpose(desc,
                   {.in = in.data(), .weights = weights.data(), .bias = bias.data(), .out = expected.data()},
                   pool);
    columns_to_image({desc.window, desc.out_channels}, columns.data(), desc.has_bias ? bias.data() : nullptr,
                     out.data(), pool);
    for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], 1e-5) << round;
  }
}

}  // namespace
}  // namespace ridgeline::kernels::ref
