// Included by one file per instruction set, which sets kLanes and kRows. Everything is local to that file, so
// that no other can be linked to code which its CPU lacks.

#include <algorithm>

#include "kernels/winograd/panel_product_body.h"
#include "kernels/winograd/places_body.h"
#include "kernels/winograd/transforms_body.h"

namespace ridgeline::kernels::winograd {
namespace {

/// n×n pixels from `margin` above and to the left of a tile's first result, through M s Mᵀ into the
/// planes; zeros stand for what lies outside of the image.
template <typename Tile, int n, auto transform>
void read_tiles(const Images& images, const float* pixels, Tiles tiles, const Planes& out) {
  constexpr int64_t kMargin = (n - Tile::kOut) / 2;
  for (int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const Place place(images, tile);
    const float* at[n][n];
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) {
        const int64_t row = place.row - kMargin + i, column = place.column - kMargin + j;
        const bool inside = row >= 0 && row < images.height && column >= 0 && column < images.width;
        at[i][j] = inside ? pixels + pixel_at(images, place.image, row, column) : nullptr;
      }
    float* const to = out.data + (tile - tiles.begin) * out.row;
    for (int64_t c = 0; c < images.channels; c += kLanes) {
      const int64_t from = channel_at(c, images.block), lane = channel_at(c, out.block);
      transform_square<n, Tile::kIn, transform>(
          [&](int i, int j) { return at[i][j] != nullptr ? load(at[i][j] + from) : Vector{}; },
          [&](int i, int j, Vector value) { store(to + (i * Tile::kIn + j) * out.plane + lane, value); });
    }
  }
}

template <typename Tile>
void read_inputs(const Images& images, const float* x, Tiles tiles, const Planes& out) {
  read_tiles<Tile, Tile::kIn, Tile::read_input>(images, x, tiles, out);
}

void read_gradients(const Images& images, const float* dy, Tiles tiles, const Planes& out) {
  read_tiles<LargeTile, LargeTile::kOut, LargeTile::read_gradient>(images, dy, tiles, out);
}

/// How results are written: sums as they are, or with bias and residual within bounds.
enum class Ending { kSums, kBounded };

template <typename Tile, Ending ending>
void write_tiles(const Images& images, const Planes& in, Tiles tiles, float* y, const blocked::Bounds* bounds,
                 const blocked::Finish* rest) {
  for (int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const Place place(images, tile);
    const int64_t rows = std::min<int64_t>(Tile::kOut, images.height - place.row);
    const int64_t columns = std::min<int64_t>(Tile::kOut, images.width - place.column);
    const float* const from = in.data + (tile - tiles.begin) * in.row;
    const int64_t first = pixel_at(images, place.image, place.row, place.column);
    for (int64_t c = 0; c < images.channels; c += kLanes) {
      const float* const lane = from + channel_at(c, in.block);
      const int64_t to = first + channel_at(c, images.block);
      const Vector bias = ending == Ending::kBounded ? bounds->bias(c) : Vector{};
      transform_square<Tile::kIn, Tile::kOut, Tile::write_result>(
          [&](int i, int j) { return load(lane + (i * Tile::kIn + j) * in.plane); },
          [&](int i, int j, Vector value) {
            if (i >= rows || j >= columns) return;
            const int64_t at = to + (i * images.width + j) * images.pixel;
            if constexpr (ending == Ending::kBounded) {
              value += bias;
              if (bounds->residual() != nullptr) value += load(bounds->residual() + at);
              value = bounds->of(value);
            }
            store(y + at, value);
          });
      if (rest == nullptr) continue;
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t at = to + row * images.width * images.pixel;
        blocked::finish_stored(*rest, y + at, columns, c, at);
      }
    }
  }
}

template <typename Tile>
void write_results(const Images& images, const Planes& in, Tiles tiles, float* y,
                   const blocked::Finish* finish) {
  if (finish == nullptr || !blocked::Bounds::are_all_of(*finish))
    return write_tiles<Tile, Ending::kSums>(images, in, tiles, y, nullptr, finish);
  const blocked::Bounds bounds(*finish);
  write_tiles<Tile, Ending::kBounded>(images, in, tiles, y, &bounds, nullptr);
}

Vector load_columns(const float* from, int64_t step) {
  if (step == 1) return load(from);
  Vector columns;
  for (int lane = 0; lane < kLanes; ++lane) columns[lane] = from[lane * step];
  return columns;
}

template <typename Tile>
void read_weights(const WeightMatrix& weights, int64_t rows, int64_t column, float* out, int64_t plane) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t lane = 0; lane < kPanel; lane += kLanes) {
      const float* const from = weights.data + row * weights.row_step + (column + lane) * weights.column_step;
      float* const to = out + row * kPanel + lane;
      transform_square<3, Tile::kIn, Tile::read_taps>(
          [&](int i, int j) {
            return load_columns(from + (i * 3 + j) * weights.tap_step, weights.column_step);
          },
          [&](int i, int j, Vector value) { store(to + (i * Tile::kIn + j) * plane, value); });
    }
}

void write_weights(const float* u, int64_t plane, int64_t columns, float* out) {
  for (int64_t c = 0; c < columns; c += kLanes)
    transform_square<LargeTile::kIn, 3, LargeTile::write_taps>(
        [&](int i, int j) { return load(u + (i * LargeTile::kIn + j) * plane + c); },
        [&](int i, int j, Vector value) { store(out + (i * 3 + j) * columns + c, value); });
}

template <typename Tile>
constexpr TileKernels make_kernels() {
  TileKernels kernels{.tile = Tile::kOut, .panel = kPanel};
  kernels.read_inputs = read_inputs<Tile>;
  kernels.write_results = write_results<Tile>;
  kernels.read_weights = read_weights<Tile>;
  kernels.multiply = multiply;
  if constexpr (Tile::kOut == kLargeTile) {
    kernels.read_gradients = read_gradients;
    kernels.write_weights = write_weights;
  }
  return kernels;
}

constexpr TileKernels kLargeKernels = make_kernels<LargeTile>();
constexpr TileKernels kSmallKernels = make_kernels<SmallTile>();

}  // namespace
}  // namespace ridgeline::kernels::winograd
