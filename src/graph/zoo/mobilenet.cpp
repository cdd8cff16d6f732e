#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

/// Blocks of one width: the first has the stride.
struct Stage {
  int64_t expansion, out, blocks, stride;
};
constexpr auto kStagesV2 = std::to_array<Stage>({{1, 16, 1, 1},
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
    y = build.conv_norm(next(), y, {.in = block.in, .out = wide, .kernel = 1}, Activation::kRelu6);
  y = build.conv_norm(
      next(), y, {.in = wide, .out = wide, .kernel = 3, .stride = block.stride, .padding = 1, .groups = wide},
      Activation::kRelu6);
  y = build.conv(next(), y, {.in = wide, .out = block.out, .kernel = 1});
  y = build.batch_norm(next(), y, block.out);
  return block.stride == 1 && block.in == block.out ? build.add(name + ".add", x, y) : y;
}

}  // namespace

Result<Graph> mobilenet_v2(Builder& builder, const ZooOptions& options) {
  constexpr int64_t kFirst = 32, kLast = 1280;
  int layer = 0;
  const auto next = [&] { return fmt::format("features.{}", layer++); };
  std::string x =
      builder.conv_norm(next(), builder.input(),
                        {.in = 3, .out = kFirst, .kernel = 3, .stride = 2, .padding = 1}, Activation::kRelu6);
  int64_t channels = kFirst;
  for (const Stage& stage : kStagesV2) {
    for (int64_t block = 0; block < stage.blocks; ++block, channels = stage.out)
      x = inverted_residual(builder, next(), x,
                            {channels, stage.expansion, stage.out, block == 0 ? stage.stride : 1});
  }
  x = builder.conv_norm(next(), x, {.in = channels, .out = kLast, .kernel = 1}, Activation::kRelu6);
  x = builder.flatten("flatten", builder.global_average_pool("avgpool", x));
  return builder.finish(builder.linear("classifier.1", x, kLast, options.num_classes), options.num_classes);
}

}  // namespace ridgeline::zoo
