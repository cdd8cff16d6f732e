#pragma once

#include <array>

#include "kernels/blocked/block.h"
#include "kernels/window.h"

namespace ridgeline::kernels::blocked {

/// A part of an output's plane.
struct Band {
  int64_t row = 0;
  int64_t column = 0;
  int64_t rows = 0;
  int64_t columns = 0;
};

/// Copies `count` floats of which each is the second behind the one before.
using CopyEverySecond = void (*)(const float* from, int64_t count, float* to);

/// The inputs of a band, copied so that neighbours in the output are neighbours here: [phase by row, phase by
/// column, row, column] elements, where phases are rows and columns modulo the stride, and zeros stand for
/// padding. An element is `width` floats, a block's or one of a plane.
class Patch {
 public:
  static constexpr int64_t kFloats = 12288;  ///< a first-level cache

  /// For bands of up to `most` in a window over planes.
  Patch(const Window& window, const Band& most, int64_t width);

  int64_t floats() const { return floats_; }
  int64_t row_floats() const { return columns_ * width_; }
  /// Of a tap's element for the band's first position.
  int64_t offset_of(int64_t kh, int64_t kw) const;
  /// Copies what `band` needs of a plane of elements.
  void fill(const float* plane, const Band& band, float* patch, CopyEverySecond copy_every_second) const;

 private:
  struct Axis {
    Axis(const Window& window, size_t axis);
    int64_t phases, reach;
  };

  /// Of a patch's columns those inside an input's row, whose column `first` is where they begin.
  struct Columns {
    int64_t first, begin, end;
  };

  /// Those of every stride-th column from `column` on.
  Columns columns_from(int64_t column) const;
  void fill_row(const float* row, const Columns& columns, float* to, CopyEverySecond copy_every_second) const;

  const Window& window_;
  int64_t width_;
  Axis vertical_, horizontal_;
  int64_t rows_, columns_;
  int64_t floats_;
};

}  // namespace ridgeline::kernels::blocked
