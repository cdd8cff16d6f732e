#pragma once

#include "kernels/blocked/finish.h"
#include "kernels/lines/line.h"

namespace ridgeline::kernels::lines {

constexpr int64_t kColumns = 16;        ///< of a tile of weights
constexpr int64_t kTileBytes = 1024;    ///< [pair of terms][column][term] BF16
constexpr int64_t kPanelTiles = 2;      ///< a panel's output channels fill a line
constexpr int64_t kMostPositions = 32;  ///< whose sums are finished together
constexpr int64_t kTermsOfTile = kChannels;

/// Where results go: position p lies in row p / pitch, column p % pitch, and is dropped past `columns`.
struct Results {
  int64_t pitch = 0;
  int64_t columns = 0;
  int64_t row_lines = 0;   ///< from a row of results to the next
  int64_t part_lines = 0;  ///< from hi to lo
  Line* out = nullptr;
  const Line* residual = nullptr;  ///< as `out` lies, or null
  const float* bias = nullptr;     ///< of kChannels channels, or null
  Activation activation{};
};

/// results[p] = finish(Σ over inputs i and taps t of a[p·a_step + i·input_step + taps[t]] · b[i, t]), where
/// an input is the kTermsOfTile numbers from there on, and b[i, t] are `tiles` tiles, those of lo behind
/// those of hi.
struct DotProduct {
  Numbers numbers = Numbers::kBf16;
  int64_t positions = 0;
  const std::byte* a = nullptr;
  int64_t a_step = 0;  ///< bytes, as all that follow
  int64_t a_part = 0;  ///< from hi to lo
  int64_t input_step = 0;
  const int64_t* taps = nullptr;
  int64_t tap_count = 0;
  int64_t inputs = 0;
  const std::byte* b = nullptr;
  int64_t tiles = kPanelTiles;
  /// What is needed after this product, fetched into the second-level cache along the way; null for nothing.
  const std::byte* ahead = nullptr;
  int64_t ahead_bytes = 0;
  Results results;
};

/// One instruction set's kernels.
struct DotKernels {
  void (*multiply)(const DotProduct& product);
};

const DotKernels& amx_dots();
const DotKernels& avx512_bf16_dots();
const DotKernels& avx512_dots();
const DotKernels& avx2_dots();
/// The tiles of AMX in plain C++, for any CPU.
const DotKernels& ref_dots();

}  // namespace ridgeline::kernels::lines
