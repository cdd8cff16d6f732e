#include "graph/zoo/zoo.h"

#include <fmt/ranges.h>

#include "graph/zoo/builder.h"

namespace ridgeline::zoo {
namespace {

constexpr std::array kResNets = {ResNetSpec{"resnet18", {2, 2, 2, 2}, false},
                                 ResNetSpec{"resnet34", {3, 4, 6, 3}, false},
                                 ResNetSpec{"resnet50", {3, 4, 6, 3}, true}};

struct Stage {
  int64_t in, width, stride;
};

class ResNet {
 public:
  ResNet(const ResNetSpec& spec, Builder& builder)
      : spec_(spec), build_(builder), expansion_(spec.bottleneck ? 4 : 1) {}

  Result<Graph> make(int64_t num_classes) {
    std::string x =
        conv_bn("conv1", "bn1", build_.input(), {.in = 3, .out = 64, .kernel = 7, .stride = 2, .padding = 3});
    x = build_.max_pool("maxpool", build_.relu("relu", x), 3, 2, 1);
    int64_t channels = 64;
    for (size_t stage = 0; stage < 4; ++stage) {
      const int64_t width = int64_t{64} << stage;
      for (int block = 0; block < spec_.blocks[stage]; ++block) {
        const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
        x = residual_block(fmt::format("layer{}.{}", stage + 1, block), x, {channels, width, stride});
        channels = width * expansion_;
      }
    }
    x = build_.flatten("flatten", build_.global_average_pool("avgpool", x));
    return build_.finish(build_.linear("fc", x, channels, num_classes), num_classes);
  }

 private:
  std::string conv_bn(const std::string& conv, const std::string& norm, const std::string& x,
                      const ConvSpec& spec) {
    return build_.batch_norm(norm, build_.conv(conv, x, spec), spec.out);
  }

  std::string residual_block(const std::string& name, const std::string& x, const Stage& stage) {
    const int64_t out = stage.width * expansion_;
    const std::string y = spec_.bottleneck ? bottleneck(name, x, stage) : basic(name, x, stage);
    std::string shortcut = x;
    if (stage.stride != 1 || stage.in != out)
      shortcut = conv_bn(name + ".downsample.0", name + ".downsample.1", x,
                         {.in = stage.in, .out = out, .kernel = 1, .stride = stage.stride});
    return build_.relu(name + ".relu_out", build_.add(name + ".add", y, shortcut));
  }

  std::string basic(const std::string& name, const std::string& x, const Stage& s) {
    const std::string y =
        conv_bn(name + ".conv1", name + ".bn1", x,
                {.in = s.in, .out = s.width, .kernel = 3, .stride = s.stride, .padding = 1});
    return conv_bn(name + ".conv2", name + ".bn2", build_.relu(name + ".relu", y),
                   {.in = s.width, .out = s.width, .kernel = 3, .padding = 1});
  }

  std::string bottleneck(const std::string& name, const std::string& x, const Stage& s) {
    std::string y = conv_bn(name + ".conv1", name + ".bn1", x, {.in = s.in, .out = s.width, .kernel = 1});
    y = conv_bn(name + ".conv2", name + ".bn2", build_.relu(name + ".relu1", y),
                {.in = s.width, .out = s.width, .kernel = 3, .stride = s.stride, .padding = 1});
    return conv_bn(name + ".conv3", name + ".bn3", build_.relu(name + ".relu2", y),
                   {.in = s.width, .out = s.width * expansion_, .kernel = 1});
  }

  ResNetSpec spec_;
  Builder& build_;
  int64_t expansion_;
};

/// Five 3×3 convolutions of stride 2, each halving the image, and one classifier.
Result<Graph> lenet(Builder& builder, const ZooOptions& options) {
  if (options.dynamic_size || options.image_size % 32 != 0)
    return invalid_argument("lenet flattens its last map: the image size must be fixed and a multiple of 32");
  std::string x = builder.input();
  int64_t channels = 3;
  for (int layer = 1; layer <= 5; ++layer) {
    const int64_t out = int64_t{8} << layer;
    const std::string name = fmt::format("conv{}", layer);
    x = builder.relu(
        fmt::format("relu{}", layer),
        builder.conv(name, x,
                     {.in = channels, .out = out, .kernel = 3, .stride = 2, .padding = 1, .bias = true}));
    channels = out;
  }
  const int64_t side = options.image_size / 32;
  return builder.finish(
      builder.linear("clf", builder.flatten("flatten", x), channels * side * side, options.num_classes),
      options.num_classes);
}

template <size_t index>
Result<Graph> resnet(Builder& builder, const ZooOptions& options) {
  return ResNet(kResNets[index], builder).make(options.num_classes);
}

struct Row {
  std::string_view name;
  Result<Graph> (*make)(Builder&, const ZooOptions&);
};
constexpr std::array kModels = {Row{"lenet", lenet}, Row{kResNets[0].name, resnet<0>},
                                Row{kResNets[1].name, resnet<1>}, Row{kResNets[2].name, resnet<2>}};

}  // namespace

std::span<const ResNetSpec> resnets() { return kResNets; }

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Row& row : kModels) all.emplace_back(row.name);
  return all;
}

Result<Graph> make(std::string_view name, const ZooOptions& options) {
  constexpr int64_t kMost = 1 << 20;
  if (options.num_classes < 1 || options.num_classes > kMost)
    return invalid_argument("--num-classes must be 1 to {}", kMost);
  if (options.image_size < 32 || options.image_size > 4096)
    return invalid_argument("--image-size must be 32 to 4096");
  if (options.projection < 0 || options.projection > kMost)
    return invalid_argument("--projection must be 0 to {}", kMost);
  for (const Row& row : kModels) {
    if (row.name != name) continue;
    Builder builder(std::string(name), options);
    return row.make(builder, options);
  }
  return not_found("the zoo has no '{}'; it has {}", name, fmt::join(names(), ", "));
}

}  // namespace ridgeline::zoo
