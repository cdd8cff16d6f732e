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

/// The pixels of a tile whose neighbours lie `row` and `pixel` numbers further.
template <typename Number>
struct Pixels {
  const Number* first;
  int64_t row, pixel;
};

/// M s Mᵀ of n×n pixels into the planes.
template <typename Tile, int n, auto transform, typename Number>
inline void read_tile(const Pixels<Number> pixels, float* to, int64_t plane) {
  transform_square<n, Tile::kIn, transform>(
      [=](int i, int j) { return load_number(pixels.first + i * pixels.row + j * pixels.pixel); },
      [=](int i, int j, Vector value) { store(to + (i * Tile::kIn + j) * plane, value); });
}

/// What lies inside of the image of n×n pixels whose first one is at (row, column) of the place's phase.
template <int n>
struct Inside {
  Inside(const Place& place, int64_t row, int64_t column)
      : rows{std::max<int64_t>(0, -row), std::min<int64_t>(n, place.height - row)},
        columns{std::max<int64_t>(0, -column), std::min<int64_t>(n, place.width - column)} {}
  bool is_all() const { return rows[1] - rows[0] == n && columns[1] - columns[0] == n; }

  int64_t rows[2], columns[2];  ///< from, to
};

template <int n, typename Number>
inline void copy_inside(const Inside<n>& inside, const Pixels<Number>& from, Vector (&to)[n][n]) {
  for (int64_t i = inside.rows[0]; i < inside.rows[1]; ++i)
    for (int64_t j = inside.columns[0]; j < inside.columns[1]; ++j)
      to[i][j] = load_number(from.first + i * from.row + j * from.pixel);
}

/// n×n pixels around each tile; zeros stand for what lies outside of the image.
template <typename Tile, int n, auto transform, typename Number>
void read_tiles(const Images& images, const Number* image, Tiles tiles, const Planes& out) {
  constexpr int64_t kMargin = n > Tile::kOut ? 1 : 0;
  Place place(images, tiles.begin);
  for (int64_t tile = tiles.begin; tile < tiles.end; ++tile, place.advance(images)) {
    const int64_t row = place.row - kMargin, column = place.column - kMargin;
    const int64_t first = place.at(images, row, column);
    float* const to = out.data + (tile - tiles.begin) * out.row;
    const Inside<n> inside(place, row, column);
    const bool is_all = inside.is_all();
    Vector padded[n][n];
    if (!is_all) std::fill_n(&padded[0][0], n * n, Vector{});
    for (int64_t c = 0; c < images.channels; c += kLanes) {
      const Pixels<Number> pixels{image + (first + images.channel_at(c)), images.row_step(),
                                  images.pixel_step()};
      float* const lanes = to + out.channel_at(c);
      if (is_all) {
        read_tile<Tile, n, transform>(pixels, lanes, out.plane);
      } else {
        copy_inside(inside, pixels, padded);
        const auto* const copied = reinterpret_cast<const float*>(padded);
        read_tile<Tile, n, transform>(Pixels<float>{copied, n * kLanes, kLanes}, lanes, out.plane);
      }
    }
  }
}

template <typename Tile, typename Number>
void read_inputs(const Images& images, const Number* x, Tiles tiles, const Planes& out) {
  read_tiles<Tile, Tile::kIn, Tile::read_input>(images, x, tiles, out);
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
