#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

/// Blocks of one width: the first has the stride.
struct Stage {
  int64_t expansion, kernel, stride, out, blocks;
};
constexpr auto kStagesB0 = std::to_array<Stage>({{1, 3, 1, 16, 1},
                                                 {6, 3, 2, 24, 2},
                                                 {6, 5, 2, 40, 2},
                                                 {6, 3, 2, 80, 3},
                                                 {6, 5, 1, 112, 3},
                                                 {6, 5, 2, 192, 4},
                                                 {6, 3, 1, 320, 1}});

struct Block {
  int64_t in, expansion, kernel, stride, out;
};

std::string mb_conv(Builder& build, const std::string& name, const std::string& x, const Block& block) {
  const int64_t wide = block.in * block.expansion;
  int layer = 0;
  const auto next = [&] { return fmt::format("{}.block.{}", name, layer++); };
  std::string y = x;
  if (block.expansion > 1)
    y = build.conv_norm(next(), y, {.in = block.in, .out = wide, .kernel = 1}, {Activation::kSilu});
  y = build.conv_norm(next(), y,
                      {.in = wide,
                       .out = wide,
                       .kernel = block.kernel,
                       .stride = block.stride,
                       .padding = block.kernel / 2,
                       .groups = wide},
                      {Activation::kSilu});
  y = build.squeeze_excitation(next(), y, {wide, block.in / 4, Activation::kSilu, Activation::kSigmoid});
  y = build.conv_norm(next(), y, {.in = wide, .out = block.out, .kernel = 1}, {});
  return block.stride == 1 && block.in == block.out ? build.add(name + ".add", y, x) : y;
}

}  // namespace

Result<Graph> efficientnet_b0(Builder& builder, const ZooOptions& options) {
  constexpr int64_t kFirst = 32, kLast = 1280;
  std::string x = builder.conv_norm("features.0", builder.input(),
                                    {.in = 3, .out = kFirst, .kernel = 3, .stride = 2, .padding = 1},
                                    {Activation::kSilu});
  int64_t channels = kFirst;
  for (size_t stage = 0; stage < kStagesB0.size(); ++stage) {
    const Stage& blocks = kStagesB0[stage];
    for (int64_t i = 0; i < blocks.blocks; ++i, channels = blocks.out)
      x = mb_conv(builder, fmt::format("features.{}.{}", stage + 1, i), x,
                  {channels, blocks.expansion, blocks.kernel, i == 0 ? blocks.stride : 1, blocks.out});
  }
  x = builder.conv_norm("features.8", x, {.in = channels, .out = kLast, .kernel = 1}, {Activation::kSilu});
  x = builder.flatten("flatten", builder.global_average_pool("avgpool", x));
  return builder.finish(builder.linear("classifier.1", x, kLast, options.num_classes), options.num_classes);
}

}  // namespace ridgeline::zoo
