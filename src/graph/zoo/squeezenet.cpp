#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

/// Few channels, then as many from 1×1 and from 3×3.
std::string fire(Builder& build, const std::string& name, const std::string& x, int64_t in,
                 int64_t squeezed) {
  const int64_t expanded = 4 * squeezed;
  const auto conv_relu = [&](const std::string& layer, const std::string& from, ConvSpec spec) {
    spec.bias = true;
    return build.relu(name + "." + layer + "_activation", build.conv(name + "." + layer, from, spec));
  };
  const std::string few = conv_relu("squeeze", x, {.in = in, .out = squeezed, .kernel = 1});
  return build.concat(
      name + ".concat",
      {conv_relu("expand1x1", few, {.in = squeezed, .out = expanded, .kernel = 1}),
       conv_relu("expand3x3", few, {.in = squeezed, .out = expanded, .kernel = 3, .padding = 1})});
}

}  // namespace

Result<Graph> squeezenet1_1(Builder& builder, const ZooOptions& options) {
  constexpr PoolSpec kPool = {.kernel = 3, .stride = 2, .ceil = true};
  int layer = 0;
  const auto next = [&] { return fmt::format("features.{}", layer++); };
  std::string x =
      builder.conv(next(), builder.input(), {.in = 3, .out = 64, .kernel = 3, .stride = 2, .bias = true});
  x = builder.relu(next(), x);
  int64_t channels = 64;
  for (const std::vector<int64_t>& stage : {std::vector<int64_t>{16, 16}, {32, 32}, {48, 48, 64, 64}}) {
    x = builder.max_pool(next(), x, kPool);
    for (const int64_t squeezed : stage) {
      x = fire(builder, next(), x, channels, squeezed);
      channels = 8 * squeezed;
    }
  }
  x = builder.conv("classifier.1", x,
                   {.in = channels, .out = options.num_classes, .kernel = 1, .bias = true});
  x = builder.global_average_pool("classifier.3", builder.relu("classifier.2", x));
  return builder.finish(builder.flatten("flatten", x), options.num_classes);
}

}  // namespace ridgeline::zoo
