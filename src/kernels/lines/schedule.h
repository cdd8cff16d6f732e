#pragma once

#include "kernels/lines/conv.h"
#include "kernels/lines/patch.h"

namespace ridgeline::kernels::lines {

/// How a convolution is cut into tasks: bands of some rows of some images, and groups of panels of 32 output
/// channels. Inputs are copied once: by the task that needs them, or by all threads before several tasks do.
struct Schedule {
  explicit Schedule(const LineConvDesc& desc);

  int64_t tasks() const { return image_groups * bands * groups; }
  bool shares_patches() const { return groups > 1 && !in_place; }
  LinePatch line_patch() const { return {window, rows}; }
  PixelPatch pixel_patch() const { return {window, rows}; }
  /// Positions of a row, and bytes from one to the next.
  int64_t pitch() const;
  int64_t step_bytes() const;
  /// Of a tap's first line, in bytes.
  int64_t offset_of(int64_t tap) const;
  /// Of one image's band.
  int64_t patch_bytes() const;
  /// Of one input: a block's channels, or all of an image of few.
  int64_t input_bytes() const;

  Window window;
  bool planes;
  bool in_place;  ///< lines are read where they are
  int64_t parts;
  int64_t inputs;
  int64_t taps;  ///< products of an input
  int64_t panels;
  int64_t rows;    ///< of a band
  int64_t images;  ///< whose bands go through the same weights together
  int64_t bands = 1, image_groups = 1, groups = 1;
};

}  // namespace ridgeline::kernels::lines
