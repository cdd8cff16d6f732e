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

/// Rows of results beneath each other that are made of the same interleaved rows: two, where those of one
/// leave a place.
constexpr int64_t rows_at_once(const Window& window, int64_t together) {
  const bool leaves_place = window.kernel[1] % together != 0;
  return leaves_place && window.stride[1] == 1 && window.dilation[1] == 1 ? 2 : 1;
}

/// Numbers of a block's weights that make one row of results.
constexpr int64_t weights_of_row(const Window& window, int64_t together) {
  return row_groups(window, together) * window.kernel[2] * together * 16 * together;
}

/// Of a block's weights for all rows at once, those of the second a row further down.
constexpr int64_t weights_of_rows(const Window& window, int64_t together) {
  return rows_at_once(window, together) * weights_of_row(window, together);
}

/// Index of the weight of a channel of a block for a tap: [group of rows][column] of what Interleaved has.
constexpr int64_t interleaved_weight_at(const Window& window, int64_t together, int64_t channel, int64_t kh,
                                        int64_t kw) {
  const int64_t part = channel / 4 % together, lane = channel / (4 * together) * 4 + channel % 4;
  const int64_t column = kh / together * window.kernel[2] + kw;
  return ((column * together + part) * 16 + lane) * together + kh % together;
}

/// Sets a weight for all rows at once.
template <typename Number>
void set_weight(const Window& window, int64_t together, int64_t channel, int64_t kh, int64_t kw, Number value,
                Number* of_block) {
  for (int64_t row = 0; row < rows_at_once(window, together); ++row)
    of_block[row * weights_of_row(window, together) +
             interleaved_weight_at(window, together, channel, kh + row, kw)] = value;
}

/// One row of a block's results.
struct ChannelRow {
  const Window& window;
  int64_t row = 0;
  const Line* plane = nullptr;
  const Line* padding = nullptr;  ///< a line of it
  const void* weights = nullptr;  ///< of rows_at_once, zeros where there are none
};

}  // namespace ridgeline::kernels::lines
