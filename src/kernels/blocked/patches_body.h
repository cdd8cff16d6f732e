// Included by files that set kernels::vector::kLanes and kColumns, once for each instruction set: the sums of
// two rows of so many columns stay in registers.

#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "kernels/blocked/even_cuts_body.h"
#include "kernels/blocked/patch_windows.h"
#include "kernels/blocked/sliding_body.h"

/// Two rows and some columns at a time of what channels give with weights of their own.
namespace ridgeline::kernels::blocked {
namespace {

/// Of a row's inputs those beside each other from column `left` of `columns` on, of which the first and the
/// last `most_missing` may lie outside, where zeros stand.
template <int count, int most_missing, typename Image>
[[gnu::always_inline]] inline void load_padded(typename Image::At from, int64_t left, int64_t columns,
                                               Vector (&inputs)[count]) {
#pragma GCC unroll 24
  for (int i = 0; i < count; ++i) {
    const bool is_missing =
        (i < most_missing && left + i < 0) || (i >= count - most_missing && left + i >= columns);
    inputs[i] = is_missing ? Vector{} : Image::load(from + i * Image::kStep);
  }
}

/// The sums of `rows` rows from the `row`th on and of `columns` columns from `column` on; an input is read
/// once for all of them. From image.at on lies the image, an input kStep after the next, which Image::load
/// reads; image.tap(index) gives weights.
template <typename Across, int rows, int columns, typename Image>
[[gnu::always_inline]] inline void sum_patch(const Window& w, int64_t row, int64_t column, const Image& image,
                                             Vector (&sums)[rows][columns]) {
  constexpr int kWidth = Across::kWidth, kStep = Across::kStep;
  const int64_t top = row * w.stride[1] - w.pad[1], left = column * kStep - w.pad[2];
  const int64_t end = std::min(w.in[1], top + (rows - 1) * w.stride[1] + w.kernel[1]);
  for (int64_t y = std::max<int64_t>(top, 0); y < end; ++y) {
    Vector inputs[(columns - 1) * kStep + kWidth];
    load_padded<std::size(inputs), kWidth - 1, Image>(image.at + (y * w.in[2] + left) * Image::kStep, left,
                                                      w.in[2], inputs);
#pragma GCC unroll 2
    for (int r = 0; r < rows; ++r) {
      const int64_t kh = y - top - r * w.stride[1];
      if (kh < 0 || kh >= w.kernel[1]) continue;
#pragma GCC unroll 7
      for (int kw = 0; kw < kWidth; ++kw) {
        const Vector tap = image.tap(kh * kWidth + kw);
#pragma GCC unroll 8
        for (int i = 0; i < columns; ++i) sums[r][i] += inputs[i * kStep + kw] * tap;
      }
    }
  }
}

template <typename Patch, typename Across, int rows, int... columns>
constexpr auto patches(std::integer_sequence<int, columns...>) {
  return std::array{Patch::template make<Across, rows, columns + 1>...};
}

template <typename Patch, typename Across, int rows>
void make_columns(const typename Patch::Rows& all, int64_t row, const typename Patch::Ends& ends) {
  static constexpr auto kPatches = patches<Patch, Across, rows>(std::make_integer_sequence<int, kColumns>());
  const EvenCuts cuts(all.window.out[2], kColumns);
  int64_t column = 0;
  for (uint32_t cut = 0; cut < cuts.count(); ++cut) {
    kPatches[cuts.size_of(cut) - 1](all, row, column, ends);
    column += cuts.size_of(cut);
  }
}

template <typename Patch, typename Across>
void make_pairs(const typename Patch::Rows& rows, const typename Patch::Ends& ends) {
  int64_t row = 0;
  for (; row + 2 <= rows.count; row += 2) make_columns<Patch, Across, 2>(rows, row, ends);
  if (row < rows.count) make_columns<Patch, Across, 1>(rows, row, ends);
}

/// Covers rows.count rows of a window's results, which takes_patches, with
/// Patch::make<Across, r, c>(rows, row, column, ends) of r rows and c columns.
template <typename Patch>
void make_patches(const typename Patch::Rows& rows, const typename Patch::Ends& ends) {
  const auto is = [&](int64_t width, int64_t step) {
    return rows.window.kernel[2] == width && rows.window.stride[2] == step;
  };
  if (is(3, 1)) return make_pairs<Patch, Across<3, 1>>(rows, ends);
  if (is(3, 2)) return make_pairs<Patch, Across<3, 2>>(rows, ends);
  if (is(5, 1)) return make_pairs<Patch, Across<5, 1>>(rows, ends);
  if (is(5, 2)) return make_pairs<Patch, Across<5, 2>>(rows, ends);
  make_pairs<Patch, Across<7, 1>>(rows, ends);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
