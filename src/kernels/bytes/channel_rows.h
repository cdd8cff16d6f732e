#pragma once

#include "kernels/bytes/byte_line.h"
#include "kernels/window.h"

/// Convolutions of each channel for itself by dot products: four rows of the input, whose numbers of a
/// channel fill the four bytes that an instruction multiplies and adds, lie interleaved, so that a window's
/// column is a product.
namespace ridgeline::kernels::bytes {

constexpr int64_t kRowsTogether = 4;

/// A column of the input in that many rows: [part][lane][row], where a part has every fourth four of a line's
/// channels.
struct FourRows {
  Line parts[kRowsTogether];
};

/// Columns that are held at once, of all groups of rows.
constexpr int64_t kHeldColumns = 160;

/// Of four rows of a window.
constexpr int64_t row_groups(const Window& window) { return ceil_div(window.kernel[1], kRowsTogether); }

/// Columns of the input that one column of results is made of.
constexpr int64_t reach_of(const Window& window) { return (window.kernel[2] - 1) * window.dilation[2] + 1; }

/// Whether what a column of results is made of can be held.
constexpr bool fits_held_columns(const Window& window) {
  return row_groups(window) * reach_of(window) <= kHeldColumns;
}

/// Rows of results beneath each other that are made of the same interleaved rows: two, where those of one
/// leave a place.
constexpr int64_t rows_at_once(const Window& window) {
  const bool leaves_place = window.kernel[1] % kRowsTogether != 0;
  return leaves_place && window.stride[1] == 1 && window.dilation[1] == 1 ? 2 : 1;
}

/// Numbers of a block's weights that make one row of results.
constexpr int64_t weights_of_row(const Window& window) {
  return row_groups(window) * window.kernel[2] * kRowsTogether * kChannels;
}

/// Of a block's weights for all rows at once, those of the second a row further down.
constexpr int64_t weights_of_rows(const Window& window) {
  return rows_at_once(window) * weights_of_row(window);
}

/// Of a channel of a block's window.
struct ChannelTap {
  int64_t channel, kh, kw;
};

/// Index of a tap's weight: [group of rows][column] of what FourRows has.
constexpr int64_t interleaved_weight_at(const Window& window, const ChannelTap& tap) {
  const int64_t part = tap.channel / 4 % kRowsTogether,
                lane = tap.channel / (4 * kRowsTogether) * 4 + tap.channel % 4;
  const int64_t column = tap.kh / kRowsTogether * window.kernel[2] + tap.kw;
  return ((column * kRowsTogether + part) * 16 + lane) * kRowsTogether + tap.kh % kRowsTogether;
}

/// Sets a weight for all rows at once.
inline void set_weight(const Window& window, ChannelTap tap, int8_t value, int8_t* of_block) {
  for (int64_t row = 0; row < rows_at_once(window); ++row, ++tap.kh)
    of_block[row * weights_of_row(window) + interleaved_weight_at(window, tap)] = value;
}

/// One row of a block's results.
struct ChannelRow {
  const Window& window;
  int64_t row = 0;
  const Line* plane = nullptr;
  const Line* padding = nullptr;    ///< a line of it
  const int8_t* weights = nullptr;  ///< of rows_at_once, zeros where there are none
};

}  // namespace ridgeline::kernels::bytes
