#pragma once

#include "kernels/conv.h"
#include "kernels/lines/patch.h"
#include "kernels/lines/tap_products.h"

namespace ridgeline::kernels::lines {

/// A convolution as a schedule sees it, whatever its numbers are.
struct LineLayer {
  const ConvDesc& conv;
  Window window;  ///< that its products move over inputs; PixelPatch says how pixels in planes are counted
  bool planes;    ///< inputs are pixels, gathered from planes
  PixelLayout pixels;
  int64_t parts;    ///< of a number
  int64_t inputs;   ///< lines of a pixel that sums go over
  int64_t outputs;  ///< lines of a result's pixel
  int64_t panels_of_output;
};

/// How a convolution is cut into tasks: bands of some rows of some images, and groups of panels of 32 output
/// channels. Inputs are copied once: by the task that needs them, or by all threads before several tasks do.
struct Schedule {
  explicit Schedule(const LineLayer& layer);

  int64_t tasks() const { return image_groups * bands * groups; }
  bool shares_patches() const { return groups > 1 && !in_place; }
  /// That a patch is copied in, one plane of lines each.
  int64_t patch_pieces() const { return planes ? 1 : inputs * parts; }
  int64_t panels() const { return outputs * panels_of_output; }
  int64_t first_row(int64_t band) const { return part_begin(window.out[1], bands, band); }
  int64_t first_panel(int64_t group) const { return part_begin(outputs, groups, group) * panels_of_output; }
  /// Those past the first 16 output channels of a panel are left out where there are none; so are panels.
  int64_t tiles_of(int64_t panel) const;
  LinePatch line_patch() const { return {window, rows}; }
  PixelPatch pixel_patch() const { return {window, pixels, rows}; }
  /// Positions of a row, and bytes from one to the next.
  int64_t pitch() const;
  int64_t step_bytes() const;
  /// Of a tap's first line, in bytes.
  int64_t offset_of(int64_t tap) const;
  /// Of one image's band.
  int64_t patch_bytes() const;
  /// Of one input: a block's channels, or all of an image of few.
  int64_t input_bytes() const;
  /// Of one panel's weights, in tiles [input][tap][part][tile].
  int64_t panel_bytes(int64_t tiles = kPanelTiles) const {
    return inputs * taps * parts * tiles * kTileBytes;
  }
  size_t weight_bytes() const { return static_cast<size_t>(panels() * panel_bytes()); }
  size_t scratch_bytes() const;

  bool planes;
  PixelLayout pixels;
  bool in_place;  ///< lines are read where they are
  Window window;  ///< of rows of one position where lines are read in place, which bands may cut anywhere
  int64_t parts;
  int64_t inputs;
  int64_t taps;       ///< products of an input
  int64_t last_rows;  ///< of terms that there are in the last input, in a tap's tile
  int64_t outputs, panels_of_output;
  int64_t out_channels;
  int64_t batch;
  int threads;
  int64_t rows;    ///< of a band, at most
  int64_t images;  ///< whose bands go through the same weights together
  int64_t bands = 1, image_groups = 1, groups = 1;

 private:
  void even_out();
  /// Of the thread that has the most to do: rows times tiles.
  int64_t longest_share() const;
  int64_t tiles_before(int64_t group) const;
};

}  // namespace ridgeline::kernels::lines
