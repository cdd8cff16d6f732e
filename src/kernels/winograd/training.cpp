#include "kernels/winograd/training.h"

#include "kernels/winograd/workspace.h"

namespace ridgeline::kernels::winograd {
namespace {

/// Below this many tiles, transforming the weights takes what the products save.
constexpr int64_t kFewestTiles = 64;

Result<const TileKernels*> best_kernels(const CpuFeatures& cpu) {
  if (cpu.avx512f) return &avx512_tiles();
  if (cpu.avx2 && cpu.fma) return &avx2_tiles();
  return unsupported("needs avx512f, or avx2 and fma");
}

/// Adds, at each point, [out_channels, tiles] · [tiles, in_channels] of a chunk to the weights' gradient.
void add_products(const Conv3x3& conv, const Means& means, const Workspace& space, Tiles chunk) {
  const int64_t columns = conv.in_channels, panels = columns / means.kernels.panel;
  means.parallel(kLargePoints * panels, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t point = i / panels, column = i % panels * means.kernels.panel;
      means.kernels.multiply({.rows = conv.out_channels,
                              .depth = chunk.end - chunk.begin,
                              .a = space.out.data + point * space.out.plane,
                              .a_row = 1,
                              .a_step = space.out.row,
                              .b = space.in.data + point * space.in.plane + column,
                              .b_step = space.in.row,
                              .c = means.weights + point * conv.out_channels * columns + column,
                              .c_row = columns,
                              .adds = chunk.begin > 0});
    }
  });
}

}  // namespace

Result<const TileKernels*> choose(const Conv3x3& conv, const CpuFeatures& cpu) {
  ASSIGN_OR_RETURN(const TileKernels* const kernels, best_kernels(cpu));
  RETURN_IF_ERROR(accepts(conv, *kernels, kFewestTiles));
  return kernels;
}

void forward(const Conv3x3& conv, const Means& means, const float* x, const float* weights, float* y) {
  const int64_t in = conv.in_channels;
  read_weights(conv, means, {.data = weights, .row_step = 1, .column_step = kTaps * in, .tap_step = in});
  convolve(conv, means, x, y);
}

/// A convolution of dy by the weights with rows and columns, first and last tap exchanged.
void input_gradient(const Conv3x3& conv, const Means& means, const float* dy, const float* weights,
                    float* dx) {
  const int64_t in = conv.in_channels;
  Conv3x3 back = conv;
  back.in_channels = conv.out_channels;
  back.out_channels = in;
  read_weights(
      back, means,
      {.data = weights + (kTaps - 1) * in, .row_step = kTaps * in, .column_step = 1, .tap_step = -in});
  convolve(back, means, dy, dx);
}

void weight_gradient(const Conv3x3& conv, const Means& means, const float* x, const float* dy,
                     float* dweights) {
  const Workspace space(conv, means);
  const Images from = space.images(conv.in_channels), to = space.images(conv.out_channels);
  space.for_each_chunk([&](Tiles chunk) {
    space.for_tiles(chunk, space.in,
                    [&](Tiles tiles, const Planes& own) { means.kernels.read_inputs(from, x, tiles, own); });
    space.for_tiles(chunk, space.out, [&](Tiles tiles, const Planes& own) {
      means.kernels.read_gradients(to, dy, tiles, own);
    });
    add_products(conv, means, space, chunk);
  });
  const int64_t columns = conv.in_channels;
  means.parallel(conv.out_channels, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      means.kernels.write_weights(means.weights + row * columns, conv.out_channels * columns, columns,
                                  dweights + row * kTaps * columns);
  });
}

}  // namespace ridgeline::kernels::winograd
