#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

constexpr int64_t kBoxValues = 4;

/// `values` at each anchor of a map: N×(anchors·values)×H×W to N×(H·W·anchors)×values.
std::string per_anchor(Builder& build, const std::string& module, const std::string& x, int64_t values) {
  const std::string last = build.add_node({.name = module + ".nhwc",
                                           .op = "Transpose",
                                           .inputs = {x},
                                           .outputs = {module + ".nhwc.out"},
                                           .attributes = {{"perm", std::vector<int64_t>{0, 2, 3, 1}}}});
  return build.simple("Reshape", module + ".anchors",
                      {last, build.integers(module + ".shape", {0, -1, values})});
}

std::string branch(Builder& build, const std::string& module, const std::string& x, int64_t channels,
                   int64_t values) {
  const std::string y = build.conv(
      module, x, {.in = channels, .out = kSsdAnchors * values, .kernel = 3, .padding = 1, .bias = true});
  return per_anchor(build, module, y, values);
}

}  // namespace

Result<Graph> ssd_head(Builder& builder, const ZooOptions& options) {
  std::string x = builder.input();
  std::vector<std::string> boxes, classes;
  int64_t channels = 3, anchors = 0, side = options.image_size;
  for (int layer = 0; layer < 4; ++layer) {
    const int64_t width = int64_t{16} << layer;
    x = builder.conv_norm(fmt::format("backbone.{}", layer), x,
                          {.in = channels, .out = width, .kernel = 3, .stride = 2, .padding = 1},
                          {Activation::kRelu});
    channels = width;
    side = (side + 1) / 2;
    if (layer < 2) continue;
    anchors += side * side * kSsdAnchors;
    boxes.push_back(branch(builder, fmt::format("boxes.{}", layer - 2), x, channels, kBoxValues));
    classes.push_back(
        branch(builder, fmt::format("classes.{}", layer - 2), x, channels, options.num_classes));
  }
  if (options.dynamic_size) anchors = Shape::kUnknownDim;
  builder.output(
      "boxes", builder.activate(Activation::kSigmoid, "boxes.sigmoid", builder.concat("boxes.concat", boxes)),
      {Shape::kUnknownDim, anchors, kBoxValues});
  builder.output("scores",
                 builder.simple("Softmax", "scores.softmax", {builder.concat("classes.concat", classes)}),
                 {Shape::kUnknownDim, anchors, options.num_classes});
  return builder.finish();
}

}  // namespace ridgeline::zoo
