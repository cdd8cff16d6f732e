#include "graph/zoo/families.h"

namespace ridgeline::zoo {
namespace {

constexpr int64_t kWidths[] = {16, 32, 64};  // of the levels, from the image's own size to a quarter of it

std::string two_convolutions(Builder& build, const std::string& name, const std::string& x, int64_t in,
                             int64_t out) {
  constexpr NormSpec kNorm = {Activation::kRelu};
  const std::string y =
      build.conv_norm(name + ".0", x, {.in = in, .out = out, .kernel = 3, .padding = 1}, kNorm);
  return build.conv_norm(name + ".1", y, {.in = out, .out = out, .kernel = 3, .padding = 1}, kNorm);
}

/// Twice as large, beside what the way down kept of this size.
std::string up(Builder& build, const std::string& name, const std::string& x, const std::string& kept,
               int64_t width) {
  const std::string grown = build.conv_up(name + ".up", x, 2 * width, width);
  return two_convolutions(build, name + ".conv", build.concat(name + ".concat", {kept, grown}), 2 * width,
                          width);
}

}  // namespace

Result<Graph> unet(Builder& builder, const ZooOptions& options) {
  constexpr int64_t kReduction = 4;
  if (!options.dynamic_size && options.image_size % kReduction != 0)
    return invalid_argument("unet halves the image twice: the image size must be a multiple of {}",
                            kReduction);
  const std::string whole = two_convolutions(builder, "down1", builder.input(), 3, kWidths[0]);
  const std::string half = two_convolutions(
      builder, "down2", builder.max_pool("pool1", whole, {.kernel = 2, .stride = 2}), kWidths[0], kWidths[1]);
  std::string x = two_convolutions(
      builder, "down3", builder.max_pool("pool2", half, {.kernel = 2, .stride = 2}), kWidths[1], kWidths[2]);
  x = up(builder, "up2", x, half, kWidths[1]);
  x = up(builder, "up1", x, whole, kWidths[0]);
  x = builder.conv("out", x, {.in = kWidths[0], .out = options.num_classes, .kernel = 1, .bias = true});
  const int64_t side = options.dynamic_size ? Shape::kUnknownDim : options.image_size;
  builder.output("logits", x, {Shape::kUnknownDim, options.num_classes, side, side});
  return builder.finish();
}

}  // namespace ridgeline::zoo
