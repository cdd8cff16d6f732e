// Included by one file per instruction set, which gives multiply_row a class Products: a type Number,
// constants kTogether and kChannels, interleave(lines, to) and sum<n>(columns) of n results beside each
// other.

#pragma once

#include <algorithm>

#include "kernels/lines/channel_rows.h"

namespace ridgeline::kernels::lines {
namespace {

/// What columns of results are the sums of.
template <typename Products>
struct Columns {
  const Interleaved<Products::kTogether>* first;  ///< met by the window's first column for the first result
  int64_t stride;                                 ///< to those for the next result
  int64_t step;                                   ///< to the window's next
  int64_t taps;                                   ///< columns of the window
  int64_t groups;                                 ///< of rows
  int64_t group_step;
  const typename Products::Number* weights;
};

/// Columns [begin, begin + count) of the input, which may lie outside, for each group of rows.
template <typename Products>
void interleave_columns(const ChannelRow& row, int64_t begin, int64_t count,
                        Interleaved<Products::kTogether>* to) {
  constexpr int64_t kTogether = Products::kTogether;
  const Window& w = row.window;
  for (int64_t group = 0; group < row_groups(w, kTogether); ++group) {
    const Line* rows[kTogether];
    for (int64_t i = 0; i < kTogether; ++i) {
      const int64_t kh = group * kTogether + i, y = row.row * w.stride[1] - w.pad[1] + kh * w.dilation[1];
      rows[i] = kh < w.kernel[1] && y >= 0 && y < w.in[1] ? row.plane + y * w.in[2] : nullptr;
    }
    for (int64_t x = begin; x < begin + count; ++x, ++to) {
      const bool inside = x >= 0 && x < w.in[2];
      const Line* lines[kTogether];
      for (int64_t i = 0; i < kTogether; ++i)
        lines[i] = inside && rows[i] != nullptr ? rows[i] + x : row.padding;
      Products::interleave(lines, *to);
    }
  }
}

/// write(sums, column) takes what Products::sum gives for the columns from there on.
template <typename Products, typename Write>
void multiply_row(const ChannelRow& row, const Write& write) {
  constexpr int64_t kMostColumns = 16;
  Interleaved<Products::kTogether> held[kHeldColumns];
  const Window& w = row.window;
  const int64_t groups = std::max<int64_t>(row_groups(w, Products::kTogether), 1);
  const int64_t fitting = (kHeldColumns / groups - reach_of(w)) / w.stride[2] + 1;
  const int64_t together = std::min(kMostColumns, fitting);
  for (int64_t first = 0; first < w.out[2]; first += together) {
    const int64_t count = std::min(together, w.out[2] - first);
    const int64_t columns = (count - 1) * w.stride[2] + reach_of(w);
    interleave_columns<Products>(row, first * w.stride[2] - w.pad[2], columns, held);
    Columns<Products> results{.first = held,
                              .stride = w.stride[2],
                              .step = w.dilation[2],
                              .taps = w.kernel[2],
                              .groups = groups,
                              .group_step = columns,
                              .weights = static_cast<const typename Products::Number*>(row.weights)};
    int64_t i = 0;
    for (; i + 4 <= count; i += 4, results.first += 4 * w.stride[2])
      write(Products::template sum<4>(results), first + i);
    if (count - i == 3) write(Products::template sum<3>(results), first + i);
    if (count - i == 2) write(Products::template sum<2>(results), first + i);
    if (count - i == 1) write(Products::template sum<1>(results), first + i);
  }
}

/// `count` rows; ends.write(sums, line) takes what Products::sum gives for the results from there on.
template <typename Products, typename Ends>
void multiply_rows(ChannelRow row, int64_t count, const Ends& ends) {
  const int64_t columns = row.window.out[2];
  for (int64_t line = 0; line < count * columns; line += columns, ++row.row)
    multiply_row<Products>(row, [&](const auto& sums, int64_t column)
                                    __attribute__((always_inline)) { ends.write(sums, line + column); });
}

}  // namespace
}  // namespace ridgeline::kernels::lines
