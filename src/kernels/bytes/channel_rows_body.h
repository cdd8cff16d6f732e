// Included by one file per instruction set, which gives multiply_row a class Products: interleave(lines, to)
// and sum<n>(columns) of n results beside each other.

#pragma once

#include <algorithm>

#include "kernels/bytes/channel_rows.h"

namespace ridgeline::kernels::bytes {
namespace {

/// What columns of results are the sums of.
struct Columns {
  const FourRows* first;  ///< met by the window's first column for the first result
  int64_t stride;         ///< to those for the next result
  int64_t step;           ///< to the window's next
  int64_t taps;           ///< columns of the window
  int64_t groups;         ///< of rows
  int64_t group_step;
  const int8_t* weights;
};

/// Rows of the input beneath each other, or of padding where there are none.
struct Sources {
  const Line* at[kRowsTogether];  ///< the first column
  int64_t step[kRowsTogether];    ///< to the next

  Sources(const ChannelRow& row, int64_t results, int64_t group) {
    const Window& w = row.window;
    for (int64_t i = 0; i < kRowsTogether; ++i) {
      const int64_t kh = group * kRowsTogether + i, y = row.row * w.stride[1] - w.pad[1] + kh * w.dilation[1];
      const bool exists = kh < w.kernel[1] + results - 1 && y >= 0 && y < w.in[1];
      at[i] = exists ? row.plane + y * w.in[2] : row.padding;
      step[i] = exists ? 1 : 0;
    }
  }
};

/// Columns [begin, begin + count) of the input, which may lie outside, for each group of the rows that so
/// many rows of results are made of.
template <typename Products>
void interleave_columns(const ChannelRow& row, int64_t results, int64_t begin, int64_t count, FourRows* to) {
  const int64_t end = begin + count, inside = std::clamp<int64_t>(0, begin, end),
                outside = std::clamp(row.window.in[2], inside, end);
  const auto pad = [&](int64_t columns) {
    const Line* lines[kRowsTogether];
    std::fill_n(lines, kRowsTogether, row.padding);
    for (int64_t i = 0; i < columns; ++i) Products::interleave(lines, *to++);
  };
  for (int64_t group = 0; group < row_groups(row.window); ++group) {
    const Sources sources(row, results, group);
    pad(inside - begin);
    for (int64_t x = inside; x < outside; ++x) {
      const Line* lines[kRowsTogether];
      for (int64_t i = 0; i < kRowsTogether; ++i) lines[i] = sources.at[i] + x * sources.step[i];
      Products::interleave(lines, *to++);
    }
    pad(end - outside);
  }
}

/// write(sums, column) takes what Products::sum gives for the columns from there on.
template <typename Products, typename Write>
[[gnu::always_inline]] inline void sum_columns(Columns results, int64_t count, const Write& write) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4, results.first += 4 * results.stride)
    write(Products::template sum<4>(results), i);
  if (count - i == 3) write(Products::template sum<3>(results), i);
  if (count - i == 2) write(Products::template sum<2>(results), i);
  if (count - i == 1) write(Products::template sum<1>(results), i);
}

/// write(sums, row, column) takes what Products::sum gives for the columns from there on of the row'th of
/// `rows` rows, which are no more than rows_at_once.
template <typename Products, typename Write>
void multiply_row(const ChannelRow& row, int64_t rows, const Write& write) {
  constexpr int64_t kMostColumns = 16;
  FourRows held[kHeldColumns];
  const Window& w = row.window;
  const int64_t groups = std::max<int64_t>(row_groups(w), 1);
  const int64_t fitting = (kHeldColumns / groups - reach_of(w)) / w.stride[2] + 1;
  const int64_t together = std::min(kMostColumns, fitting);
  for (int64_t first = 0; first < w.out[2]; first += together) {
    const int64_t count = std::min(together, w.out[2] - first);
    const int64_t columns = (count - 1) * w.stride[2] + reach_of(w);
    interleave_columns<Products>(row, rows, first * w.stride[2] - w.pad[2], columns, held);
    for (int64_t r = 0; r < rows; ++r)
      sum_columns<Products>({.first = held,
                             .stride = w.stride[2],
                             .step = w.dilation[2],
                             .taps = w.kernel[2],
                             .groups = groups,
                             .group_step = columns,
                             .weights = row.weights + r * weights_of_row(w)},
                            count, [&](const auto& sums, int64_t column) __attribute__((always_inline)) {
                              write(sums, r, first + column);
                            });
  }
}

/// `count` rows; ends.write(sums, line) takes what Products::sum gives for the results from there on.
template <typename Products, typename Ends>
void multiply_rows(ChannelRow row, int64_t count, const Ends& ends) {
  const int64_t columns = row.window.out[2], at_once = rows_at_once(row.window);
  for (int64_t done = 0, rows = 0; done < count; done += rows, row.row += rows) {
    rows = std::min(at_once, count - done);
    multiply_row<Products>(row, rows,
                           [&](const auto& sums, int64_t r, int64_t column) __attribute__((always_inline)) {
                             ends.write(sums, (done + r) * columns + column);
                           });
  }
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
