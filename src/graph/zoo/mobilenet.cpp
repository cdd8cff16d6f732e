#include <algorithm>

#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

/// Blocks of one width: the first has the stride.
struct StageV2 {
  int64_t expansion, out, blocks, stride;
};
constexpr auto kStagesV2 = std::to_array<StageV2>({{1, 16, 1, 1},
                                                   {6, 24, 2, 2},
                                                   {6, 32, 3, 2},
                                                   {6, 64, 4, 2},
                                                   {6, 96, 3, 1},
                                                   {6, 160, 3, 2},
                                                   {6, 320, 1, 1}});

/// 1×1 to a wide map, 3×3 on each of its channels, 1×1 back without an activation.
struct Inverted {
  int64_t in, expansion, out, stride;
};

std::string inverted_residual(Builder& build, const std::string& name, const std::string& x,
                              const Inverted& block) {
  const int64_t wide = block.in * block.expansion;
  int layer = 0;
  const auto next = [&] { return fmt::format("{}.conv.{}", name, layer++); };
  std::string y = x;
  if (block.expansion > 1)
    y = build.conv_norm(next(), y, {.in = block.in, .out = wide, .kernel = 1}, {Activation::kRelu6});
  y = build.conv_norm(
      next(), y, {.in = wide, .out = wide, .kernel = 3, .stride = block.stride, .padding = 1, .groups = wide},
      {Activation::kRelu6});
  y = build.conv(next(), y, {.in = wide, .out = block.out, .kernel = 1});
  y = build.batch_norm(next(), y, block.out);
  return block.stride == 1 && block.in == block.out ? build.add(name + ".add", x, y) : y;
}

/// One block: whether it squeezes, and whether it has HardSwish or else ReLU.
struct BlockV3 {
  int64_t kernel, wide, out;
  bool squeezes, swish;
  int64_t stride;
};
constexpr auto kBlocksV3 = std::to_array<BlockV3>({{3, 16, 16, false, false, 1},
                                                   {3, 64, 24, false, false, 2},
                                                   {3, 72, 24, false, false, 1},
                                                   {5, 72, 40, true, false, 2},
                                                   {5, 120, 40, true, false, 1},
                                                   {5, 120, 40, true, false, 1},
                                                   {3, 240, 80, false, true, 2},
                                                   {3, 200, 80, false, true, 1},
                                                   {3, 184, 80, false, true, 1},
                                                   {3, 184, 80, false, true, 1},
                                                   {3, 480, 112, true, true, 1},
                                                   {3, 672, 112, true, true, 1},
                                                   {5, 672, 160, true, true, 2},
                                                   {5, 960, 160, true, true, 1},
                                                   {5, 960, 160, true, true, 1}});
constexpr float kEpsilonV3 = 1e-3F;

/// The next multiple of 8 by rounding, but no less than nine tenths: torchvision's _make_divisible.
constexpr int64_t to_eighths(int64_t channels) {
  const int64_t rounded = std::max<int64_t>(8, (channels + 4) / 8 * 8);
  return 10 * rounded < 9 * channels ? rounded + 8 : rounded;
}

std::string inverted_residual_v3(Builder& build, const std::string& name, const std::string& x, int64_t in,
                                 const BlockV3& block) {
  const NormSpec norm{block.swish ? Activation::kHardSwish : Activation::kRelu, kEpsilonV3};
  int layer = 0;
  const auto next = [&] { return fmt::format("{}.block.{}", name, layer++); };
  std::string y = x;
  if (block.wide != in) y = build.conv_norm(next(), y, {.in = in, .out = block.wide, .kernel = 1}, norm);
  y = build.conv_norm(next(), y,
                      {.in = block.wide,
                       .out = block.wide,
                       .kernel = block.kernel,
                       .stride = block.stride,
                       .padding = block.kernel / 2,
                       .groups = block.wide},
                      norm);
  if (block.squeezes)
    y = build.squeeze_excitation(
        next(), y, {block.wide, to_eighths(block.wide / 4), Activation::kRelu, Activation::kHardSigmoid});
  y = build.conv_norm(next(), y, {.in = block.wide, .out = block.out, .kernel = 1},
                      {Activation::kNone, kEpsilonV3});
  return block.stride == 1 && in == block.out ? build.add(name + ".add", y, x) : y;
}

}  // namespace

Result<Graph> mobilenet_v2(Builder& builder, const ZooOptions& options) {
  constexpr int64_t kFirst = 32, kLast = 1280;
  int layer = 0;
  const auto next = [&] { return fmt::format("features.{}", layer++); };
  std::string x = builder.conv_norm(next(), builder.input(),
                                    {.in = 3, .out = kFirst, .kernel = 3, .stride = 2, .padding = 1},
                                    {Activation::kRelu6});
  int64_t channels = kFirst;
  for (const StageV2& stage : kStagesV2) {
    for (int64_t block = 0; block < stage.blocks; ++block, channels = stage.out)
      x = inverted_residual(builder, next(), x,
                            {channels, stage.expansion, stage.out, block == 0 ? stage.stride : 1});
  }
  x = builder.conv_norm(next(), x, {.in = channels, .out = kLast, .kernel = 1}, {Activation::kRelu6});
  x = builder.flatten("flatten", builder.global_average_pool("avgpool", x));
  return builder.finish(builder.linear("classifier.1", x, kLast, options.num_classes), options.num_classes);
}

Result<Graph> mobilenet_v3_large(Builder& builder, const ZooOptions& options) {
  constexpr int64_t kFirst = 16, kLast = 960, kHidden = 1280;
  constexpr NormSpec kNorm = {Activation::kHardSwish, kEpsilonV3};
  int layer = 0;
  const auto next = [&] { return fmt::format("features.{}", layer++); };
  std::string x = builder.conv_norm(next(), builder.input(),
                                    {.in = 3, .out = kFirst, .kernel = 3, .stride = 2, .padding = 1}, kNorm);
  int64_t channels = kFirst;
  for (const BlockV3& block : kBlocksV3) {
    x = inverted_residual_v3(builder, next(), x, channels, block);
    channels = block.out;
  }
  x = builder.conv_norm(next(), x, {.in = channels, .out = kLast, .kernel = 1}, kNorm);
  x = builder.flatten("flatten", builder.global_average_pool("avgpool", x));
  x = builder.activate(Activation::kHardSwish, "classifier.1",
                       builder.linear("classifier.0", x, kLast, kHidden));
  return builder.finish(builder.linear("classifier.3", x, kHidden, options.num_classes), options.num_classes);
}

}  // namespace ridgeline::zoo
