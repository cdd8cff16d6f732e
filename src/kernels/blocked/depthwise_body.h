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
void multiply_columns(const LaneRow& first, const ProductFold& fold) {
  static constexpr auto kPatches = patches<Across, rows>(std::make_integer_sequence<int, kColumns>());
  const EvenCuts cuts(first.window.out[2], kColumns);
  int64_t column = 0;
  for (uint32_t cut = 0; cut < cuts.count(); ++cut) {
    kPatches[cuts.size_of(cut) - 1](first, column, fold);
    column += cuts.size_of(cut);
  }
}

/// The row `by` rows further down.
inline LaneRow below(const LaneRow& first, int64_t by) {
  LaneRow row = first;
  row.row += by;
  row.taps = taps_inside(first.window, 1, row.row);
  row.out += by * first.window.out[2] * kBlock;
  return row;
}

template <typename Across>
void multiply_pairs(const LaneRow& first, int64_t rows, const ProductFold& fold) {
  int64_t done = 0;
  for (; done + 2 <= rows; done += 2) multiply_columns<Across, 2>(below(first, done), fold);
  if (done < rows) multiply_columns<Across, 1>(below(first, done), fold);
}

/// No window lies beside a row as a whole, and none has gaps.
bool takes_patches(const Window& w) {
  const int64_t over = (w.out[2] - 1) * w.stride[2] - w.pad[2] + w.kernel[2] - w.in[2];
  return w.dilation[1] == 1 && w.dilation[2] == 1 && std::max(w.pad[2], over) < w.kernel[2];
}

using MultiplyRows = void (*)(const LaneRow& first, int64_t rows, const ProductFold& fold);

void slide_rows(const LaneRow& first, int64_t rows, const ProductFold& fold) {
  for (int64_t row = 0; row < rows; ++row) slide_row(below(first, row), fold);
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

void multiply_rows(const LaneRow& first, int64_t rows, const float* weights, const Finish& finish) {
  const bool is_bounded = finish.is_bounded();
  const Bounds bounds(finish);
  multiply_for(first.window)(first, rows, {weights, first.out, is_bounded ? &bounds : nullptr});
  if (is_bounded) return;
  for (int64_t lane = 0; lane < kBlock; lane += kLanes)
    finish_stored(finish, first.out + lane, rows * first.window.out[2], lane, lane);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
