#include "kernels/winograd/conv3x3.h"

#include <algorithm>

#include "kernels/winograd/tile_kernels.h"

namespace ridgeline::kernels::winograd {
namespace {

/// Tiles that are transformed, multiplied and transformed back together: enough that weights are read seldom,
/// few enough that most of what lies between stays in caches.
constexpr int64_t kChunk = 196;
/// Between the rows of a plane, so that rows of 2^n channels don't meet in the same sets of the L1 cache.
constexpr int64_t kRowGap = 16;
/// Below this many tiles, transforming the weights takes what the products save.
constexpr int64_t kFewestTiles = 64;

Result<const TileKernels*> best_tiles(const CpuFeatures& cpu) {
  if (cpu.avx512f) return &avx512_tiles();
  if (cpu.avx2 && cpu.fma) return &avx2_tiles();
  return unsupported("needs avx512f, or avx2 and fma");
}

int64_t row_of(int64_t channels) { return channels + kRowGap; }
int64_t plane_of(int64_t channels) { return kChunk * row_of(channels); }

/// One call's memory and what both sides of a convolution are.
class Call {
 public:
  Call(const Conv3x3& conv, const Means& means)
      : conv_(conv), kernels_(means.kernels), parallel_(means.parallel) {
    const int64_t most = std::max(conv.in_channels, conv.out_channels);
    std::fill_n(means.scratch, most, 0.0F);
    zeros_ = means.scratch;
    in_ = planes(means.scratch + most, conv.in_channels);
    out_ = planes(in_.data + kPoints * in_.plane, conv.out_channels);
    weights_ = out_.data + kPoints * out_.plane;
  }

  /// y = x convolved with `weights`, where x has their rows as channels and y their columns.
  void convolve(const float* x, const WeightMatrix& weights, float* y) {
    read(weights);
    const Images from = images(weights.rows), to = images(weights.columns);
    const Planes in = planes(in_.data, weights.rows);
    const Planes out = planes(in.data + kPoints * in.plane, weights.columns);
    for_each_chunk([&](Tiles chunk) {
      for_tiles(chunk, in,
                [&](Tiles tiles, const Planes& own) { kernels_.read_inputs(from, x, tiles, own); });
      multiply_by_weights(chunk.end - chunk.begin, weights, in, out);
      for_tiles(chunk, out,
                [&](Tiles tiles, const Planes& own) { kernels_.write_results(to, own, tiles, y); });
    });
  }

  void differentiate(const float* x, const float* dy, float* dweights) {
    const Images from = images(conv_.in_channels), to = images(conv_.out_channels);
    for_each_chunk([&](Tiles chunk) {
      for_tiles(chunk, in_,
                [&](Tiles tiles, const Planes& own) { kernels_.read_inputs(from, x, tiles, own); });
      for_tiles(chunk, out_,
                [&](Tiles tiles, const Planes& own) { kernels_.read_gradients(to, dy, tiles, own); });
      add_products(chunk);
    });
    const int64_t columns = conv_.in_channels;
    parallel_(conv_.out_channels, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row)
        kernels_.write_weights(weights_ + row * columns, matrix(), columns, dweights + row * kTaps * columns);
    });
  }

 private:
  static Planes planes(float* data, int64_t channels) {
    return {.data = data, .plane = plane_of(channels), .row = row_of(channels)};
  }
  Images images(int64_t channels) const {
    return {.height = conv_.height, .width = conv_.width, .channels = channels, .zeros = zeros_};
  }
  /// Transformed weights at one point.
  int64_t matrix() const { return conv_.in_channels * conv_.out_channels; }

  template <typename Body>
  void for_each_chunk(const Body& body) const {
    const int64_t tiles = conv_.batch * images(0).tiles_per_image();
    for (int64_t begin = 0; begin < tiles; begin += kChunk)
      body(Tiles{.begin = begin, .end = std::min(tiles, begin + kChunk)});
  }

  /// body(tiles, their own planes) for ranges that cover `chunk`, whose first tile is the first of `planes`.
  template <typename Body>
  void for_tiles(Tiles chunk, const Planes& planes, const Body& body) const {
    parallel_(chunk.end - chunk.begin, [&](int64_t begin, int64_t end) {
      Planes own = planes;
      own.data += begin * planes.row;
      body(Tiles{.begin = chunk.begin + begin, .end = chunk.begin + end}, own);
    });
  }

  void read(const WeightMatrix& weights) const {
    parallel_(weights.columns / kernels_.panel, [&](int64_t begin, int64_t end) {
      for (int64_t panel = begin; panel < end; ++panel)
        kernels_.read_weights(weights, panel * kernels_.panel, packed(weights, panel, 0), matrix());
    });
  }

  /// [rows, panel] of the transformed weights.
  float* packed(const WeightMatrix& weights, int64_t panel, int64_t point) const {
    return weights_ + point * matrix() + panel * weights.rows * kernels_.panel;
  }

  void multiply_by_weights(int64_t tiles, const WeightMatrix& weights, const Planes& in,
                           const Planes& out) const {
    const int64_t panels = weights.columns / kernels_.panel;
    parallel_(kPoints * panels, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t point = i / panels, panel = i % panels;
        kernels_.multiply({.rows = tiles,
                           .depth = weights.rows,
                           .a = in.data + point * in.plane,
                           .a_row = in.row,
                           .a_step = 1,
                           .b = packed(weights, panel, point),
                           .b_step = kernels_.panel,
                           .c = out.data + point * out.plane + panel * kernels_.panel,
                           .c_row = out.row});
      }
    });
  }

  /// Adds, at each point, [out_channels, tiles] · [tiles, in_channels] of a chunk to the weights' gradient.
  void add_products(Tiles chunk) const {
    const int64_t columns = conv_.in_channels, panels = columns / kernels_.panel;
    parallel_(kPoints * panels, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t point = i / panels, column = i % panels * kernels_.panel;
        kernels_.multiply({.rows = conv_.out_channels,
                           .depth = chunk.end - chunk.begin,
                           .a = out_.data + point * out_.plane,
                           .a_row = 1,
                           .a_step = out_.row,
                           .b = in_.data + point * in_.plane + column,
                           .b_step = in_.row,
                           .c = weights_ + point * matrix() + column,
                           .c_row = columns,
                           .adds = chunk.begin > 0});
      }
    });
  }

  const Conv3x3& conv_;
  const TileKernels& kernels_;
  Parallel parallel_;
  const float* zeros_ = nullptr;
  Planes in_;
  Planes out_;
  float* weights_ = nullptr;
};

}  // namespace

Result<const TileKernels*> choose(const Conv3x3& conv, const CpuFeatures& cpu) {
  ASSIGN_OR_RETURN(const TileKernels* const tiles, best_tiles(cpu));
  if (conv.in_channels % tiles->panel != 0 || conv.out_channels % tiles->panel != 0)
    return unsupported("needs multiples of {} channels", tiles->panel);
  const Images images{.height = conv.height, .width = conv.width};
  const int64_t computed = images.tiles_per_image() * kOut * kOut;
  if (conv.height * conv.width * 2 < computed)
    return unsupported("of 4 x 4 tiles more than half lies outside of {} x {}", conv.height, conv.width);
  if (conv.batch * images.tiles_per_image() < kFewestTiles)
    return unsupported("needs {} tiles of 4 x 4 or more", kFewestTiles);
  return tiles;
}

size_t scratch_floats(const Conv3x3& conv) {
  const int64_t in = conv.in_channels, out = conv.out_channels;
  return static_cast<size_t>(std::max(in, out) + kPoints * (plane_of(in) + plane_of(out) + in * out));
}

void forward(const Conv3x3& conv, const Means& means, const float* x, const float* weights, float* y) {
  const int64_t in = conv.in_channels;
  Call(conv, means)
      .convolve(x,
                {.data = weights,
                 .rows = in,
                 .columns = conv.out_channels,
                 .row_step = 1,
                 .column_step = kTaps * in,
                 .tap_step = in},
                y);
}

/// The taps are read from the last to the first.
void input_gradient(const Conv3x3& conv, const Means& means, const float* dy, const float* weights,
                    float* dx) {
  const int64_t in = conv.in_channels;
  Call(conv, means)
      .convolve(dy,
                {.data = weights + (kTaps - 1) * in,
                 .rows = conv.out_channels,
                 .columns = in,
                 .row_step = kTaps * in,
                 .column_step = 1,
                 .tap_step = -in},
                dx);
}

void weight_gradient(const Conv3x3& conv, const Means& means, const float* x, const float* dy,
                     float* dweights) {
  Call(conv, means).differentiate(x, dy, dweights);
}

}  // namespace ridgeline::kernels::winograd
