#pragma once

#include "kernels/lines/line.h"

namespace ridgeline::kernels::lines {

constexpr int64_t kColumns = 16;      ///< of a tile of weights
constexpr int64_t kTermRows = 16;     ///< of a tile of weights
constexpr int64_t kTileBytes = 1024;  ///< [row of terms][column][4 bytes of terms]
constexpr int64_t kPanelTiles = 2;    ///< of weights that inputs meet at once
constexpr int64_t kPanelColumns = kPanelTiles * kColumns;
constexpr int64_t kMostPositions = 32;  ///< whose sums are finished together

/// How positions are counted: p lies in row p / pitch, column p % pitch, and has no result past `columns`.
struct Rows {
  int64_t pitch = 0;
  int64_t columns = 0;
  int64_t row_lines = 0;  ///< from a row of results to the next
};

/// sums[p] = Σ over inputs i and taps t of a[p·a_step + i·input_step + taps[t]] · b[i, t], where an input is
/// the line of numbers from there on, and b[i, t] are `tiles` tiles; of numbers in two parts, those of lo
/// behind those of hi.
struct TapProducts {
  int64_t positions = 0;
  const std::byte* a = nullptr;
  int64_t a_step = 0;  ///< bytes, as all that follow
  int64_t a_part = 0;  ///< from hi to lo
  int64_t input_step = 0;
  const int64_t* taps = nullptr;
  int64_t tap_count = 0;
  int64_t inputs = 0;
  int64_t last_rows = kTermRows;  ///< of terms in the last input; weights of the others are zero
  const std::byte* b = nullptr;
  int64_t tiles = kPanelTiles;
  /// What is needed after this product, fetched into the second-level cache along the way; null for nothing.
  const std::byte* ahead = nullptr;
  int64_t ahead_bytes = 0;
  Rows rows;
};

}  // namespace ridgeline::kernels::lines
