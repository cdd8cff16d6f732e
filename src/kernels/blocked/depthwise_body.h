// Included by lanes_body.h, once for each instruction set.

#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/blocked/depthwise_patch_body.h"
#include "kernels/blocked/even_cuts_body.h"

/// Channels that are multiplied with weights of their own.
namespace ridgeline::kernels::blocked {
namespace {

template <typename Across, int rows, int... columns>
constexpr auto patches(std::integer_sequence<int, columns...>) {
  return std::array{multiply_patch<Across, rows, columns + 1>...};
}

template <typename Across, int rows>
void multiply_columns(const LaneRows& all, int64_t row, const ProductFold& fold) {
  static constexpr auto kPatches = patches<Across, rows>(std::make_integer_sequence<int, kColumns>());
  const EvenCuts cuts(all.window.out[2], kColumns);
  int64_t column = 0;
  for (uint32_t cut = 0; cut < cuts.count(); ++cut) {
    kPatches[cuts.size_of(cut) - 1](all, row, column, fold);
    column += cuts.size_of(cut);
  }
}

template <typename Across>
void multiply_pairs(const LaneRows& rows, const ProductFold& fold) {
  int64_t row = 0;
  for (; row + 2 <= rows.count; row += 2) multiply_columns<Across, 2>(rows, row, fold);
  if (row < rows.count) multiply_columns<Across, 1>(rows, row, fold);
}

/// No window lies beside a row as a whole, and none has gaps.
bool takes_patches(const Window& w) {
  const int64_t over = (w.out[2] - 1) * w.stride[2] - w.pad[2] + w.kernel[2] - w.in[2];
  return w.dilation[1] == 1 && w.dilation[2] == 1 && std::max(w.pad[2], over) < w.kernel[2];
}

using MultiplyRows = void (*)(const LaneRows& rows, const ProductFold& fold);

void slide_rows(const LaneRows& rows, const ProductFold& fold) {
  float* const out_plane = rows.out - rows.first * rows.window.out[2] * kBlock;
  for (int64_t row = rows.first; row < rows.first + rows.count; ++row)
    slide_row(row_of(rows.window, row, rows.plane, out_plane), fold);
}

MultiplyRows multiply_for(const Window& w) {
  const auto is = [&](int64_t width, int64_t step) { return w.kernel[2] == width && w.stride[2] == step; };
  if (!takes_patches(w)) return slide_rows;
  if (is(3, 1)) return multiply_pairs<Across<3, 1>>;
  if (is(3, 2)) return multiply_pairs<Across<3, 2>>;
  if (is(5, 1)) return multiply_pairs<Across<5, 1>>;
  if (is(5, 2)) return multiply_pairs<Across<5, 2>>;
  if (is(7, 1)) return multiply_pairs<Across<7, 1>>;
  return slide_rows;
}

void multiply_rows(const LaneRows& rows, const float* weights, const Finish& finish) {
  const bool is_bounded = finish.is_bounded();
  const Bounds bounds(finish);
  multiply_for(rows.window)(rows, {weights, rows.out, is_bounded ? &bounds : nullptr});
  if (is_bounded) return;
  for (int64_t lane = 0; lane < kBlock; lane += kLanes)
    finish_stored(finish, rows.out + lane, rows.count * rows.window.out[2], lane, lane);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
