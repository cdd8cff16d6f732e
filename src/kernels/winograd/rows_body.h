// Included by one file per instruction set, which sets kernels::vector::kLanes.

#include <algorithm>
#include <array>

#include "kernels/blocked/every_second_body.h"
#include "kernels/blocked/sums_body.h"
#include "kernels/winograd/row_kernels.h"
#include "kernels/winograd/vectors_body.h"

namespace ridgeline::kernels::winograd {
namespace {

using RowMatrix = std::array<std::array<float, kRowPoints>, kRowPoints>;

/// Bᵀ: at each place the coefficients of Π (x - p) over the other places p, at infinity over all.
constexpr RowMatrix row_inputs_to_points() {
  RowMatrix matrix{};
  for (size_t i = 0; i < kRowPoints; ++i) {
    std::array<double, kRowPoints> product{1};
    for (size_t j = 0; j < kRowPlaces.size(); ++j) {
      if (i == j) continue;
      for (size_t k = kRowPoints; k-- > 0;)
        product[k] = (k > 0 ? product[k - 1] : 0) - kRowPlaces[j] * product[k];
    }
    for (size_t k = 0; k < kRowPoints; ++k) matrix[i][k] = static_cast<float>(product[k]);
  }
  return matrix;
}

/// Every eighth lane of eight vectors, from each of the first eight on.
inline void split(const float* line, Vector (&inputs)[kRowInputs]) {
  Vector parts[kRowInputs];
#pragma GCC unroll 8
  for (int v = 0; v < kRowInputs; ++v) parts[v] = load(line + v * kLanes);
  const auto halve = [](Vector(&from)[kRowInputs], Vector(&to)[kRowInputs]) {
#pragma GCC unroll 4
    for (int pair = 0; pair < kRowInputs / 2; ++pair) {
      to[pair] = blocked::every_second_of<0>(from[2 * pair], from[2 * pair + 1]);
      to[kRowInputs / 2 + pair] = blocked::every_second_of<1>(from[2 * pair], from[2 * pair + 1]);
    }
  };
  halve(parts, inputs);
  halve(inputs, parts);
  halve(parts, inputs);
}

void read_line(const float* line, int64_t tiles, float* out) {
  static constexpr RowMatrix kMatrix = row_inputs_to_points();
  for (int64_t tile = 0; tile < tiles; tile += kLanes) {
    Vector inputs[2][kRowInputs];
    split(line + tile * kRowInputs, inputs[0]);
    split(line + (tile + 1) * kRowInputs, inputs[1]);
#pragma GCC unroll 16
    for (int product = 0; product < kRowProducts; ++product) {
      const int odd = product / kRowPoints, point = product % kRowPoints;
      Vector sum{};
#pragma GCC unroll 8
      for (int i = 0; i < kRowPoints; ++i) {
        const int input = 2 * i + odd;
        const float factor = kMatrix[static_cast<size_t>(point)][static_cast<size_t>(i)];
        if (factor != 0) sum += factor * inputs[input / kRowInputs][input % kRowInputs];
      }
      blocked::store(out + product * tiles + tile, sum);
    }
  }
}

/// Aᵀ m of a tile.
inline void results_of(const float* sums, int64_t point, Vector (&results)[kRowResults]) {
  Vector m[kRowPoints];
#pragma GCC unroll 8
  for (int p = 0; p < kRowPoints; ++p) m[p] = load(sums + p * point);
  const Vector whole = m[1] + m[2], half = m[3] + m[4];
  const Vector whole_odd = m[1] - m[2], half_odd = m[3] - m[4];
  results[0] = m[0] + whole + half + m[5];
  results[1] = whole_odd + 0.5F * half_odd - 2.0F * m[5];
  results[2] = whole + 0.25F * half + 4.0F * m[5];
  results[3] = whole_odd + 0.125F * half_odd - 8.0F * m[5] + m[6];
}

/// Of one vector of channels.
inline void write_vector(const RowSums& row, int v, bool is_bounded) {
  const blocked::Bounds bounds(*row.finish);
  const Vector bias = is_bounded ? bounds.bias(v * kLanes) : Vector{};
  const int64_t at = blocked::lane_offset(v, row.c_block);
  const float* sums = row.sums + blocked::lane_offset(v, row.tiles * blocked::kBlock);
  const int64_t point = row.blocks * row.tiles * blocked::kBlock;
  for (int64_t column = 0; column < row.columns; column += kRowResults, sums += blocked::kBlock) {
    Vector results[kRowResults];
    results_of(sums, point, results);
    const int64_t count = std::min<int64_t>(kRowResults, row.columns - column);
#pragma GCC unroll 4
    for (int r = 0; r < kRowResults; ++r) {
      if (r >= count) break;
      const int64_t to = at + (column + r) * blocked::kBlock;
      Vector value = results[r];
      if (is_bounded) {
        value += bias;
        if (bounds.residual() != nullptr) value += load(bounds.residual() + to);
        value = bounds.of(value);
      }
      store(row.c + to, value);
    }
  }
}

void write_results(const RowSums& row) {
  const bool is_bounded = row.finish->is_bounded();
  for (int v = 0; v < row.blocks * blocked::kVectorsOfBlock; ++v) {
    write_vector(row, v, is_bounded);
    const int64_t at = blocked::lane_offset(v, row.c_block);
    if (!is_bounded) blocked::finish_stored(*row.finish, row.c + at, row.columns, v * kLanes, at);
  }
}

constexpr RowKernels kRowKernels{.read_line = read_line, .write_results = write_results};

}  // namespace
}  // namespace ridgeline::kernels::winograd
