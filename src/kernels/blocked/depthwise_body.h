// Included by lanes_body.h, once for each instruction set.

#pragma once

#include "kernels/blocked/patches_body.h"

/// Channels that are multiplied with weights of their own.
namespace ridgeline::kernels::blocked {
namespace {

struct ProductFold {
  const float* weights;
  const float* out;
  const Bounds* bounds;  ///< null: sums as they are

  static Vector start() { return Vector{}; }
  Vector tap(int64_t tap, int64_t lane) const { return load(weights + tap * kBlock + lane); }
  Vector operator()(Vector sum, Vector x, Vector weight) const { return sum + x * weight; }
  template <int together>
  void finish(int64_t lane, const float* to, Vector (&sums)[together]) const {
    if (bounds == nullptr) return;
    const Vector bias = bounds->bias(lane);
#pragma GCC unroll 8
    for (int i = 0; i < together; ++i) sums[i] += bias;
    if (const float* const residual = bounds->residual(); residual != nullptr)
#pragma GCC unroll 8
      for (int i = 0; i < together; ++i) sums[i] += load(residual + (to - out) + i * kBlock);
#pragma GCC unroll 8
    for (int i = 0; i < together; ++i) sums[i] = bounds->of(sums[i]);
  }
};

/// As sum_patch reads a block, from a lane on.
struct BlockLanes {
  using At = const float*;
  static constexpr int64_t kStep = kBlock;
  static Vector load(const float* from) { return vector::load(from); }

  const float* at;
  const float* weights;
  Vector tap(int64_t index) const { return vector::load(weights + index * kBlock); }
};

struct BlockPatch {
  using Rows = LaneRows;
  using Ends = ProductFold;

  template <typename Across, int rows, int columns>
  static void make(const LaneRows& all, int64_t row, int64_t column, const ProductFold& fold) {
    const Window& w = all.window;
    for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
      Vector sums[rows][columns] = {};
      sum_patch<Across>(w, all.first + row, column, BlockLanes{all.plane + lane, fold.weights + lane}, sums);
#pragma GCC unroll 2
      for (int r = 0; r < rows; ++r) {
        float* const out = all.out + ((row + r) * w.out[2] + column) * kBlock + lane;
        fold.finish(lane, out, sums[r]);
#pragma GCC unroll 8
        for (int i = 0; i < columns; ++i) store(out + i * kBlock, sums[r][i]);
      }
    }
  }
};

void slide_rows(const LaneRows& rows, const ProductFold& fold) {
  float* const out_plane = rows.out - rows.first * rows.window.out[2] * kBlock;
  for (int64_t row = rows.first; row < rows.first + rows.count; ++row)
    slide_row(row_of(rows.window, row, rows.plane, out_plane), fold);
}

void multiply_rows(const LaneRows& rows, const float* weights, const Finish& finish) {
  const bool is_bounded = finish.is_bounded();
  const Bounds bounds(finish);
  const ProductFold fold{weights, rows.out, is_bounded ? &bounds : nullptr};
  if (takes_patches(rows.window))
    make_patches<BlockPatch>(rows, fold);
  else
    slide_rows(rows, fold);
  if (is_bounded) return;
  for (int64_t lane = 0; lane < kBlock; lane += kLanes)
    finish_stored(finish, rows.out + lane, rows.count * rows.window.out[2], lane, lane);
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
