#pragma once

#include <array>

#include "kernels/blocked/finish.h"

/// Winograd's F(4, 4) along rows that have seven taps and stride 2: the even inputs meet four of the taps,
/// the odd ones three, and both make sums at the same points.
namespace ridgeline::kernels::winograd {

constexpr int64_t kRowTaps = 7;
constexpr int64_t kRowStride = 2;
constexpr int kRowResults = 4;  ///< of a tile
constexpr int kRowPoints = 7;
/// Transformed inputs of a tile: the even ones at each point, then the odd ones at each but the last, where
/// their fourth tap, which is 0, is all that counts.
constexpr int kRowProducts = 2 * kRowPoints - 1;
constexpr int64_t kRowInputs = kRowResults * kRowStride;  ///< from a tile to the next

/// What F(4, 4) evaluates polynomials at; the last point is infinity. Of six small ones these lose least.
constexpr std::array<double, kRowPoints - 1> kRowPlaces = {0, 1, -1, 0.5, -0.5, -2};

/// Sums of a row's tiles, [point][block][tile][lane], to be made a row of results.
struct RowSums {
  const float* sums = nullptr;
  int64_t tiles = 0;
  int64_t blocks = 0;
  int64_t columns = 0;  ///< of the row; the last tile may have more
  float* c = nullptr;
  int64_t c_block = 0;  ///< floats between blocks of c
  const blocked::Finish* finish = nullptr;
};

/// One instruction set's kernels.
struct RowKernels {
  /// Transforms the inputs of `tiles` tiles, a multiple of kBlock, which `line` has from the first one's
  /// first on and kRowInputs more than theirs: [product][tile].
  void (*read_line)(const float* line, int64_t tiles, float* out) = nullptr;
  void (*write_results)(const RowSums& row) = nullptr;
};

const RowKernels& avx512_rows();
const RowKernels& avx2_rows();

}  // namespace ridgeline::kernels::winograd
