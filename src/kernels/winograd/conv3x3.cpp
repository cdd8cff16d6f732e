#include "kernels/winograd/conv3x3.h"

#include "kernels/winograd/workspace.h"

namespace ridgeline::kernels::winograd {
namespace {

/// [in_channels, panel] of the transformed weights at a point.
float* panel_of(const Conv3x3& conv, const Means& means, int64_t point, int64_t panel) {
  return means.weights + (point * conv.out_channels + panel * means.kernels.panel) * conv.in_channels;
}

/// At each point [tiles, in_channels] · [in_channels, out_channels].
void multiply(const Conv3x3& conv, const Means& means, const Workspace& space, int64_t tiles) {
  const int64_t width = means.kernels.panel, panels = conv.out_channels / width;
  means.parallel(kLargePoints * panels, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t point = i / panels, panel = i % panels;
      means.kernels.multiply({.rows = tiles,
                              .depth = conv.in_channels,
                              .a = space.in.data + point * space.in.plane,
                              .a_row = space.in.row,
                              .a_step = 1,
                              .b = panel_of(conv, means, point, panel),
                              .b_step = width,
                              .c = space.out.data + point * space.out.plane + panel * width,
                              .c_row = space.out.row});
    }
  });
}

}  // namespace

size_t scratch_floats(const Conv3x3& conv) { return Workspace::floats(conv); }

size_t weight_floats(const Conv3x3& conv) {
  return static_cast<size_t>(kLargePoints * conv.in_channels * conv.out_channels);
}

Status accepts(const Conv3x3& conv, const TileKernels& kernels, int64_t fewest_tiles) {
  if (conv.in_channels % kernels.panel != 0 || conv.out_channels % kernels.panel != 0)
    return unsupported("needs multiples of {} channels", kernels.panel);
  const Images images{.height = conv.height, .width = conv.width};
  const int64_t computed = images.tiles_per_image() * kLargeTile * kLargeTile;
  if (conv.height * conv.width * 2 < computed)
    return unsupported("of 4 x 4 tiles more than half lies outside of {} x {}", conv.height, conv.width);
  if (conv.batch * images.tiles_per_image() < fewest_tiles)
    return unsupported("needs {} tiles of 4 x 4 or more", fewest_tiles);
  return {};
}

void read_weights(const Conv3x3& conv, const Means& means, const WeightMatrix& weights) {
  const int64_t width = means.kernels.panel;
  means.parallel(conv.out_channels / width, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; ++panel)
      means.kernels.read_weights(weights, conv.in_channels, panel * width, panel_of(conv, means, 0, panel),
                                 conv.in_channels * conv.out_channels);
  });
}

void convolve(const Conv3x3& conv, const Means& means, const float* x, float* y) {
  const Workspace space(conv, means);
  const Images from = space.images(conv.in_channels), to = space.images(conv.out_channels);
  space.for_each_chunk([&](Tiles chunk) {
    space.for_tiles(chunk, space.in,
                    [&](Tiles tiles, const Planes& own) { means.kernels.read_inputs(from, x, tiles, own); });
    multiply(conv, means, space, chunk.end - chunk.begin);
    space.for_tiles(chunk, space.out, [&](Tiles tiles, const Planes& own) {
      means.kernels.write_results(to, own, tiles, y, nullptr);
    });
  });
}

}  // namespace ridgeline::kernels::winograd
