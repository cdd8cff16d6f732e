// Included by lanes_body.h, once for each instruction set.

#pragma once

#include "kernels/blocked/lanes.h"
#include "kernels/blocked/vectors_body.h"

/// A window that slides along a row of a block's plane.
namespace ridgeline::kernels::blocked {
namespace {

/// A window's width and step along a row where they are known to the compiler; 0: as the window says.
template <int known_width, int known_step>
struct Across {
  static constexpr int kWidth = known_width, kStep = known_step;
};
using AnyAcross = Across<0, 0>;

/// fold(sum, x, tap) over the taps of `together` columns from `column` on, which `taps` lie inside of all. A
/// tap is read once for all of them.
template <int together, typename Across, typename Fold>
inline void fold_columns(const LaneRow& row, int64_t column, const Range& taps, int64_t lane, Vector start,
                         const Fold& fold, Vector (&sums)[together]) {
  const Window& w = row.window;
  const int64_t stride = Across::kStep > 0 ? Across::kStep : w.stride[2], step = stride * kBlock;
  const int64_t between = Across::kWidth > 0 ? 1 : w.dilation[2];
  const int64_t width = Across::kWidth > 0 ? Across::kWidth : w.kernel[2];
  const int64_t begin = Across::kWidth > 0 ? 0 : taps.begin, end = Across::kWidth > 0 ? width : taps.end;
#pragma GCC unroll 8
  for (int i = 0; i < together; ++i) sums[i] = start;
  for (int64_t kh = row.taps.begin; kh < row.taps.end; ++kh) {
    const int64_t y = row.row * w.stride[1] - w.pad[1] + kh * w.dilation[1];
    const float* const from = row.plane + (y * w.in[2] + column * stride - w.pad[2]) * kBlock + lane;
#pragma GCC unroll 5
    for (int64_t kw = begin; kw < end; ++kw) {
      const auto tap = fold.tap(kh * width + kw, lane);
#pragma GCC unroll 8
      for (int i = 0; i < together; ++i)
        sums[i] = fold(sums[i], load(from + kw * between * kBlock + i * step), tap);
    }
  }
}

template <int together, typename Across, typename Fold>
inline void slide(const LaneRow& row, int64_t column, const Range& taps, const Fold& fold) {
  for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
    Vector sums[together];
    fold_columns<together, Across>(row, column, taps, lane, fold.start(), fold, sums);
    float* const out = row.out + column * kBlock + lane;
    fold.finish(lane, out, sums);
#pragma GCC unroll 8
    for (int i = 0; i < together; ++i) store(out + i * kBlock, sums[i]);
  }
}

/// The columns that have all their taps.
template <typename Across, typename Fold>
void slide_inside(const LaneRow& row, const Fold& fold) {
  const Range all{0, row.window.kernel[2]};
  int64_t column = row.inner.begin;
  for (; column + 8 <= row.inner.end; column += 8) slide<8, Across>(row, column, all, fold);
  const int64_t rest = row.inner.end - column;
  if ((rest & 4) != 0) slide<4, Across>(row, column, all, fold);
  column += rest & 4;
  if ((rest & 2) != 0) slide<2, Across>(row, column, all, fold);
  column += rest & 2;
  if ((rest & 1) != 0) slide<1, Across>(row, column, all, fold);
}

template <typename Fold>
void slide_row(const LaneRow& row, const Fold& fold) {
  const Window& w = row.window;
  const auto one = [&](int64_t column) { slide<1, AnyAcross>(row, column, taps_inside(w, 2, column), fold); };
  for (int64_t column = 0; column < row.inner.begin; ++column) one(column);
  const bool is_near = w.dilation[2] == 1;
  if (is_near && w.kernel[2] == 3 && w.stride[2] == 1)
    slide_inside<Across<3, 1>>(row, fold);
  else if (is_near && w.kernel[2] == 3 && w.stride[2] == 2)
    slide_inside<Across<3, 2>>(row, fold);
  else if (is_near && w.kernel[2] == 5 && w.stride[2] == 1)
    slide_inside<Across<5, 1>>(row, fold);
  else if (is_near && w.kernel[2] == 5 && w.stride[2] == 2)
    slide_inside<Across<5, 2>>(row, fold);
  else
    slide_inside<AnyAcross>(row, fold);
  for (int64_t column = row.inner.end; column < w.out[2]; ++column) one(column);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
