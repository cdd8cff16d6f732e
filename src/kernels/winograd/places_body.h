// Included by tile_kernels_body.h, once for each instruction set.

#pragma once

#include "kernels/winograd/tile_kernels.h"

namespace ridgeline::kernels::winograd {
namespace {

/// Where a tile's first result lies, in its image's phase.
struct Place {
  int64_t image = 0;
  int64_t phase_row = 0, phase_column = 0;  ///< of the phase's first pixel, in the image
  int64_t row = 0, column = 0;              ///< of the phase
  int64_t height = 0, width = 0;            ///< of the phase

  Place(const Images& images, int64_t tile)
      : rows_(images.tile_rows() * images.tile), columns_(images.tile_columns() * images.tile) {
    const int64_t phase = tile / images.tiles_per_phase();
    image = phase / (images.dilation * images.dilation);
    phase_row = phase / images.dilation % images.dilation;
    phase_column = phase % images.dilation;
    row = tile % images.tiles_per_phase() / images.tile_columns() * images.tile;
    column = tile % images.tile_columns() * images.tile;
    measure_phase(images);
  }

  /// To the next tile, without the divisions, which take as long as a tile's transform.
  void advance(const Images& images) {
    column += images.tile;
    if (column < columns_) return;
    column = 0;
    row += images.tile;
    if (row < rows_) return;
    row = 0;
    advance_phase(images);
  }

  /// Numbers before a pixel of the phase, which may lie outside of it.
  int64_t at(const Images& images, int64_t pixel_row, int64_t pixel_column) const {
    const int64_t image_row = pixel_row * images.dilation + phase_row;
    const int64_t image_column = pixel_column * images.dilation + phase_column;
    return image * images.image + (image_row * images.width + image_column) * images.pixel;
  }

 private:
  void advance_phase(const Images& images) {
    if (++phase_column == images.dilation) {
      phase_column = 0;
      if (++phase_row == images.dilation) {
        phase_row = 0;
        ++image;
      }
    }
    if (images.dilation > 1) measure_phase(images);
  }

  void measure_phase(const Images& images) {
    height = ceil_div(images.height - phase_row, images.dilation);
    width = ceil_div(images.width - phase_column, images.dilation);
  }

  int64_t rows_, columns_;  ///< that the phase's tiles cover
};

}  // namespace
}  // namespace ridgeline::kernels::winograd
