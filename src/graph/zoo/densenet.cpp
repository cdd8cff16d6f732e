#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

constexpr std::array kLayers = {6, 12, 24, 16};  // of each block
constexpr int64_t kFirst = 64;
constexpr int64_t kGrowth = 32;
constexpr int64_t kBottleneck = 4 * kGrowth;

std::string norm_relu_conv(Builder& build, const std::string& name, const std::string& which,
                           const std::string& x, const ConvSpec& spec) {
  const std::string y = build.batch_norm(name + ".norm" + which, x, spec.in);
  return build.conv(name + ".conv" + which, build.relu(name + ".relu" + which, y), spec);
}

/// What a layer sees are the block's input and what all layers before it made.
std::string dense_block(Builder& build, const std::string& name, const std::string& x, int64_t channels,
                        int layers) {
  std::vector<std::string> parts = {x};
  std::string all = x;
  for (int i = 1; i <= layers; ++i, channels += kGrowth) {
    const std::string layer = fmt::format("{}.denselayer{}", name, i);
    const std::string y =
        norm_relu_conv(build, layer, "1", all, {.in = channels, .out = kBottleneck, .kernel = 1});
    parts.push_back(
        norm_relu_conv(build, layer, "2", y, {.in = kBottleneck, .out = kGrowth, .kernel = 3, .padding = 1}));
    all = build.concat(layer + ".concat", parts);
  }
  return all;
}

}  // namespace

Result<Graph> densenet121(Builder& builder, const ZooOptions& options) {
  std::string x = builder.conv("features.conv0", builder.input(),
                               {.in = 3, .out = kFirst, .kernel = 7, .stride = 2, .padding = 3});
  x = builder.relu("features.relu0", builder.batch_norm("features.norm0", x, kFirst));
  x = builder.max_pool("features.pool0", x, {.kernel = 3, .stride = 2, .padding = 1});
  int64_t channels = kFirst;
  for (size_t block = 0; block < kLayers.size(); ++block) {
    x = dense_block(builder, fmt::format("features.denseblock{}", block + 1), x, channels, kLayers[block]);
    channels += kLayers[block] * kGrowth;
    if (block + 1 == kLayers.size()) break;
    const std::string transition = fmt::format("features.transition{}", block + 1);
    x = norm_relu_conv(builder, transition, "", x, {.in = channels, .out = channels / 2, .kernel = 1});
    x = builder.average_pool(transition + ".pool", x, {.kernel = 2, .stride = 2});
    channels /= 2;
  }
  x = builder.relu("relu", builder.batch_norm("features.norm5", x, channels));
  x = builder.flatten("flatten", builder.global_average_pool("avgpool", x));
  return builder.finish(builder.linear("classifier", x, channels, options.num_classes), options.num_classes);
}

}  // namespace ridgeline::zoo
