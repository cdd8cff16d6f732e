// Included by tile_kernels_body.h, once for each instruction set.

#pragma once

#include "kernels/winograd/tile_kernels.h"

namespace ridgeline::kernels::winograd {
namespace {

/// Where a tile's first result lies, and how many rows and columns of it lie inside the image.
struct Place {
  int64_t image = 0;
  int64_t row = 0;
  int64_t column = 0;

  Place(const Images& images, int64_t tile)
      : image(tile / images.tiles_per_image()),
        row(tile % images.tiles_per_image() / images.tile_columns() * images.tile),
        column(tile % images.tile_columns() * images.tile) {}

  /// To the next tile, without the divisions, which take as long as a tile's transform.
  void advance(const Images& images) {
    column += images.tile;
    if (column < images.width) return;
    column = 0;
    row += images.tile;
    if (row < images.height) return;
    row = 0;
    ++image;
  }
};

int64_t pixel_at(const Images& images, int64_t image, int64_t row, int64_t column) {
  return image * images.image + (row * images.width + column) * images.pixel;
}

constexpr int64_t channel_at(int64_t channel, int64_t block) {
  return channel / blocked::kBlock * block + channel % blocked::kBlock;
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
