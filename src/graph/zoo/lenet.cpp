#include "graph/zoo/builder.h"
#include "graph/zoo/families.h"

namespace ridgeline::zoo {

// Five 3×3 convolutions of stride 2, each halving the image, and one classifier.
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

}  // namespace ridgeline::zoo
