#pragma once

#include <cstdint>

namespace ridgeline::kernels::tile {

/// The sums of one block of a product: c[i, j] = Σ a[i · a_row + p · a_step] · b[b_offsets[p] + j] over p <
/// depth. Rows of c are KernelSet::columns() apart; c is 64-byte aligned. b is read over whole vectors, so up
/// to lanes − 1 elements past the last column asked for must be readable.
struct Product {
  int64_t depth = 0;
  const float* a = nullptr;
  int64_t a_row = 0;
  int64_t a_step = 0;
  const float* b = nullptr;
  const int32_t* b_offsets = nullptr;
  float* c = nullptr;
};

/// out[i, j] = clamp(alpha · c[i, j] + bias[i · bias_row + j · bias_column] + residual[i, j]). bias and
/// residual may be null; residual lies as out does. NaN passes the clamp.
struct Finish {
  const float* c = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  float alpha = 1;
  const float* bias = nullptr;
  int64_t bias_row = 0;
  int64_t bias_column = 0;  ///< 0 or 1
  const float* residual = nullptr;
  float* out = nullptr;
  int64_t out_row = 0;
  float low = 0;
  float high = 0;
};

/// One instruction set's kernels: blocks of up to `rows` × `vectors` registers of `lanes` floats.
struct KernelSet {
  static constexpr int64_t kMaxRows = 8;
  static constexpr int64_t kMaxVectors = 3;
  /// Enough for the largest block of any set.
  static constexpr int64_t kMaxBlock = kMaxRows * kMaxVectors * 16;

  int64_t rows = 0;
  int64_t vectors = 0;
  int64_t lanes = 0;
  /// multiply[v − 1][r − 1] computes r rows of v vectors.
  void (*multiply[kMaxVectors][kMaxRows])(const Product& product) = {};
  void (*finish)(const Finish& finish) = nullptr;

  int64_t columns() const { return vectors * lanes; }
  void run(int64_t row_count, int64_t column_count, const Product& product) const {
    multiply[(column_count + lanes - 1) / lanes - 1][row_count - 1](product);
  }
};

const KernelSet& avx512_kernels();
const KernelSet& avx2_kernels();

}  // namespace ridgeline::kernels::tile
