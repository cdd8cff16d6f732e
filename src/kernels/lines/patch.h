#pragma once

#include <cstddef>
#include <cstdint>

#include "base/function_ref.h"
#include "kernels/lines/line_kernels.h"
#include "kernels/pixels/pixel_image.h"
#include "kernels/window.h"

namespace ridgeline::kernels::lines {

/// Rows of an output, over its whole width.
struct Band {
  int64_t row = 0;
  int64_t rows = 0;
};

/// One axis of a window: inputs that are `stride` apart lie side by side, in a phase. Taps share phases, or
/// have each its own.
struct PhasedAxis {
  PhasedAxis(const Window& window, size_t axis, bool shares_phases = true);

  int64_t phase_of(int64_t tap) const { return shares ? tap * dilation % stride : tap; }
  int64_t index_of(int64_t tap) const { return shares ? tap * dilation / stride : 0; }
  /// A phase's first input, counted from that of the first output's first tap.
  int64_t first_of(int64_t phase) const { return shares ? phase : phase * dilation; }

  bool shares;
  int64_t stride, dilation;
  int64_t phases;  ///< that taps meet
  int64_t reach;   ///< elements of a phase past those of the outputs
};

/// The inputs of a band, copied so that a tap's lines for all positions follow each other: [phase by row,
/// phase by column, row, column] lines, `padding` where there is padding. A row is followed by its neighbour
/// at once: where both have padding between them, it is there once. Positions are counted with `pitch` to a
/// row. In narrow images, where those past a row's last would be many, each column of taps has lines of its
/// own and there are none.
class LinePatch {
 public:
  /// For bands of up to `most_rows`.
  LinePatch(const Window& window, int64_t most_rows);

  int64_t pitch() const { return pitch_; }
  int64_t lines() const { return vertical_.phases * horizontal_.phases * phase_lines(); }
  /// Of a tap's line for the band's first position, in lines.
  int64_t offset_of(int64_t kh, int64_t kw) const;
  void fill(const Line* plane, const Line& padding, const Band& band, Line* patch) const;

 private:
  int64_t phase_lines() const { return rows_ * pitch_ + shared_; }
  /// Where a row of the patch lies, and from which column of the input on it is filled.
  struct Row {
    int64_t column, count;
    Line* to;
  };
  void fill_row(const Line* row, const Line& padding, const Row& place) const;

  const Window& window_;
  PhasedAxis vertical_, horizontal_;
  int64_t shared_;  ///< columns of padding that two rows have in common
  int64_t pitch_;
  int64_t rows_;
};

/// An image as ONNX has it.
struct PlaneImage {
  const float* planes = nullptr;
  int64_t channels = 1;
  Numbers numbers = Numbers::kBf16;  ///< that it is to be turned to
};

/// An image that is there as bytes.
struct ByteImage {
  const pixels::PixelInput& source;
  const uint8_t* bytes = nullptr;
  Numbers numbers = Numbers::kBf16;
};

/// How pixels of few channels lie: so many of them are a line of terms, or nearly.
struct PixelLayout {
  int64_t taps_of_line;
  int64_t bytes;
};
/// Four channels' BF16.
constexpr PixelLayout kPixelsOfFour{.taps_of_line = 8, .bytes = 8};

/// The same for images of few channels that lie as ONNX has them, whose taps beside each other are terms of
/// one product, with what follows them up to the end of a line, which meets weights of zero. [part, phase by
/// row, row, pixel]; a position is as many pixels as the window moves.
class PixelPatch {
 public:
  static constexpr int64_t kChannels = 4;  ///< at most

  /// For bands of up to `most_rows`.
  PixelPatch(const Window& window, PixelLayout layout, int64_t most_rows);

  int64_t pitch() const { return pitch_; }
  int64_t step_bytes() const { return horizontal_.stride * layout_.bytes; }
  /// Of one part.
  int64_t bytes() const { return vertical_.phases * rows_ * pitch_ * step_bytes() + kLineBytes; }
  /// Of the chunk-th line of a row of taps, in bytes.
  int64_t offset_of(int64_t kh, int64_t chunk) const;
  /// The pixels of a row of the patch that lie inside the image.
  Range columns() const;
  /// body(row of the image, which may lie outside, index of the first pixel of columns()) for a band's rows.
  void for_each_row(const Band& band, FunctionRef<void(int64_t row, int64_t pixel)> body) const;
  /// The second part, bytes() behind the first, is filled for pairs alone.
  void fill(const LineKernels& kernels, const PlaneImage& image, const Band& band, std::byte* patch) const;
  void fill(const LineKernels& kernels, const ByteImage& image, const Band& band, std::byte* patch) const;

 private:
  int64_t row_pixels() const { return pitch_ * horizontal_.stride; }

  const Window& window_;
  PixelLayout layout_;
  PhasedAxis vertical_, horizontal_;
  int64_t pitch_;
  int64_t rows_;
};

}  // namespace ridgeline::kernels::lines
