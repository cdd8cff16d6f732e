// Included by tile_kernels_body.h, once for each instruction set.

#pragma once

#include <algorithm>

#include "kernels/winograd/numbers_body.h"
#include "kernels/winograd/places_body.h"
#include "kernels/winograd/squares_body.h"
#include "kernels/winograd/transforms_body.h"

/// Tiles on their way from the image to the planes.
namespace ridgeline::kernels::winograd {
namespace {

/// An image of floats or of BF16 in lines, a channel of which is a cell of the planes.
template <typename Number>
struct Numbers {
  using Value = Vector;
  static constexpr int kChannels = kLanes;  ///< of a vector
  static constexpr int kCellChannels = 1;

  const Number* image;

  Vector load(int64_t at) const { return load_number(image + at); }
  static void store_cells(float* at, Vector cells) { store(at, cells); }
};

/// What lies inside of the image of n×n pixels whose first one is at (row, column) of the place's phase.
template <int n>
struct Inside {
  Inside(const Place& place, int64_t row, int64_t column)
      : rows{std::max<int64_t>(0, -row), std::min<int64_t>(n, place.height - row)},
        columns{std::max<int64_t>(0, -column), std::min<int64_t>(n, place.width - column)} {}
  bool is_all() const { return rows[1] - rows[0] == n && columns[1] - columns[0] == n; }

  int64_t rows[2], columns[2];  ///< from, to
};

/// n×n pixels around each tile; zeros stand for what lies outside of the image.
template <typename Tile, int n, auto transform, typename Source>
void read_tiles(const Images& images, const Source source, Tiles tiles, const Planes& out) {
  using Value = typename Source::Value;
  constexpr int64_t kMargin = n > Tile::kOut ? 1 : 0;
  const int64_t row_step = images.row_step(), pixel_step = images.pixel_step(), plane = out.plane;
  Place place(images, tiles.begin);
  for (int64_t tile = tiles.begin; tile < tiles.end; ++tile, place.advance(images)) {
    const int64_t row = place.row - kMargin, column = place.column - kMargin;
    const int64_t first = place.at(images, row, column);
    float* const to = out.data + (tile - tiles.begin) * out.row;
    const Inside<n> inside(place, row, column);
    const bool is_all = inside.is_all();
    Value padded[n][n];
    if (!is_all) std::fill_n(&padded[0][0], n * n, Value{});
    for (int64_t c = 0; c < images.channels; c += Source::kChannels) {
      const int64_t at = first + images.channel_at(c);
      const auto read = [=](int64_t i, int64_t j) { return source.load(at + i * row_step + j * pixel_step); };
      float* const cells = to + out.channel_at(c / Source::kCellChannels);
      const auto write = [=](int i, int j, Value value) {
        Source::store_cells(cells + (i * Tile::kIn + j) * plane, value);
      };
      if (is_all) {
        transform_square<n, Tile::kIn, transform>(read, write);
      } else {
        for (int64_t i = inside.rows[0]; i < inside.rows[1]; ++i)
          for (int64_t j = inside.columns[0]; j < inside.columns[1]; ++j) padded[i][j] = read(i, j);
        transform_square<n, Tile::kIn, transform>([&](int i, int j) { return padded[i][j]; }, write);
      }
    }
  }
}

template <typename Tile, typename Number>
void read_inputs(const Images& images, const Number* x, Tiles tiles, const Planes& out) {
  read_tiles<Tile, Tile::kIn, Tile::read_input>(images, Numbers<Number>{x}, tiles, out);
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
