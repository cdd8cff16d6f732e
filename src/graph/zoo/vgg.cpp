#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

constexpr int64_t kReduction = 32;  // five poolings, each of which halves the image
constexpr int64_t kPooledSide = 7;
constexpr int64_t kHidden = 4096;

/// `count` windows that cover `side` as nn.AdaptiveAvgPool2d has them.
struct Windows {
  int64_t side, count;
  int64_t begin(int64_t index) const { return index * side / count; }
  int64_t end(int64_t index) const { return ((index + 1) * side + count - 1) / count; }

  /// Whether one pooling does it: all windows as long as the first and as far apart as the first two.
  bool are_even() const {
    if (begin(1) == 0) return false;
    for (int64_t i = 0; i < count; ++i)
      if (begin(i) != i * begin(1) || end(i) != begin(i) + end(0)) return false;
    return true;
  }
};

/// The mean of each window along one axis of a map, by slices.
std::string mean_of_windows(Builder& build, const std::string& module, const std::string& x,
                            const Windows& windows, int64_t axis) {
  std::vector<std::string> means;
  const std::string axes = build.integers(module + ".axes", {axis});
  for (int64_t i = 0; i < windows.count; ++i) {
    const std::string name = fmt::format("{}.{}", module, i);
    const std::string window =
        build.add_node({.name = name + ".window",
                        .op = "Slice",
                        .inputs = {x, build.integers(name + ".begin", {windows.begin(i)}),
                                   build.integers(name + ".end", {windows.end(i)}), axes},
                        .outputs = {name + ".window.out"}});
    means.push_back(build.add_node({.name = name,
                                    .op = "ReduceMean",
                                    .inputs = {window},
                                    .outputs = {name + ".out"},
                                    .attributes = {{"axes", std::vector<int64_t>{axis}}}}));
  }
  return build.concat(module, std::move(means), axis);
}

std::string adaptive_average_pool(Builder& build, const std::string& module, const std::string& x,
                                  const Windows& windows) {
  if (windows.side == windows.count) return x;
  if (windows.are_even())
    return build.average_pool(module, x, {.kernel = windows.end(0), .stride = windows.begin(1)});
  return mean_of_windows(build, module + ".columns", mean_of_windows(build, module + ".rows", x, windows, 2),
                         windows, 3);
}

}  // namespace

Result<Graph> vgg16(Builder& builder, const ZooOptions& options) {
  if (options.dynamic_size)
    return invalid_argument("vgg16 pools its last map to 7x7 by its size: the image size must be fixed");
  std::string x = builder.input();
  int64_t channels = 3;
  int layer = 0;
  const auto next = [&] { return fmt::format("features.{}", layer++); };
  for (const auto& [convolutions, width] : {std::pair{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}) {
    for (int i = 0; i < convolutions; ++i, channels = width) {
      x = builder.conv(next(), x, {.in = channels, .out = width, .kernel = 3, .padding = 1, .bias = true});
      x = builder.relu(next(), x);
    }
    x = builder.max_pool(next(), x, {.kernel = 2, .stride = 2});
  }
  x = adaptive_average_pool(builder, "avgpool", x, {options.image_size / kReduction, kPooledSide});
  x = builder.flatten("flatten", x);
  x = builder.relu("classifier.1",
                   builder.linear("classifier.0", x, channels * kPooledSide * kPooledSide, kHidden));
  x = builder.relu("classifier.4", builder.linear("classifier.3", x, kHidden, kHidden));
  return builder.finish(builder.linear("classifier.6", x, kHidden, options.num_classes), options.num_classes);
}

}  // namespace ridgeline::zoo
