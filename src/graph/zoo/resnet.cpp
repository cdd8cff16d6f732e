#include "graph/zoo/builder.h"
#include "graph/zoo/families.h"

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
    x = build_.max_pool("maxpool", build_.relu("relu", x), {.kernel = 3, .stride = 2, .padding = 1});
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

}  // namespace

std::span<const ResNetSpec> resnets() { return kResNets; }

Result<Graph> resnet18(Builder& builder, const ZooOptions& options) {
  return ResNet(kResNets[0], builder).make(options.num_classes);
}

Result<Graph> resnet34(Builder& builder, const ZooOptions& options) {
  return ResNet(kResNets[1], builder).make(options.num_classes);
}

Result<Graph> resnet50(Builder& builder, const ZooOptions& options) {
  return ResNet(kResNets[2], builder).make(options.num_classes);
}

}  // namespace ridgeline::zoo
