// Included by one file per instruction set, which sets kLanes and kRows. Everything is local to that file, so
// that no other can be linked to code which its CPU lacks.

#include "kernels/winograd/panel_product_body.h"
#include "kernels/winograd/read_tiles_body.h"
#include "kernels/winograd/write_tiles_body.h"

namespace ridgeline::kernels::winograd {
namespace {

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

void read_gradients(const Images& images, const float* dy, Tiles tiles, const Planes& out) {
  read_tiles<LargeTile, LargeTile::kOut, LargeTile::read_gradient>(images, Numbers<float>{dy}, tiles, out);
}

template <typename Tile>
constexpr TileKernels make_kernels() {
  TileKernels kernels{
      .tile = Tile::kOut, .stride = Tile::kStride, .points = Tile::kIn * Tile::kIn, .panel = kPanel};
  kernels.read_inputs = read_inputs<Tile, float>;
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
constexpr TileKernels kStridedKernels = make_kernels<StridedTile>();

}  // namespace
}  // namespace ridgeline::kernels::winograd
