#pragma once

#include <cstddef>

#include "kernels/lines/line.h"
#include "kernels/window.h"

/// What convolutions of each channel for itself by dot products have in common, whatever their numbers are:
/// `together` rows of the input, whose numbers of a channel fill the four bytes that an instruction
/// multiplies and adds, lie interleaved, so that a window's column is a product.
namespace ridgeline::kernels::lines {

/// A column of the input in `together` rows: [part][lane][row], where a part has every together-th four of a
/// line's channels.
template <int64_t together>
struct Interleaved {
  Line parts[together];
};

/// Columns that are held at once, of all groups of rows.
constexpr int64_t kHeldColumns = 160;

/// Of `together` rows of a window.
constexpr int64_t row_groups(const Window& window, int64_t together) {
  return ceil_div(window.kernel[1], together);
}

/// Columns of the input that one column of results is made of.
constexpr int64_t reach_of(const Window& window) { return (window.kernel[2] - 1) * window.dilation[2] + 1; }

/// Whether what a column of results is made of can be held.
constexpr bool fits_held_columns(const Window& window, int64_t together) {
  return row_groups(window, together) * reach_of(window) <= kHeldColumns;
}

/// Index of the weight of a channel of a block for a tap: [group of rows][column] of what Interleaved has.
constexpr int64_t interleaved_weight_at(const Window& window, int64_t together, int64_t channel, int64_t kh,
                                        int64_t kw) {
  const int64_t part = channel / 4 % together, lane = channel / (4 * together) * 4 + channel % 4;
  const int64_t column = kh / together * window.kernel[2] + kw;
  return ((column * together + part) * 16 + lane) * together + kh % together;
}

/// One row of a block's results.
struct ChannelRow {
  const Window& window;
  int64_t row = 0;
  const Line* plane = nullptr;
  const Line* padding = nullptr;  ///< a line of it
  const void* weights = nullptr;  ///< by interleaved_weight_at, zeros past the last row
};

}  // namespace ridgeline::kernels::lines
