#pragma once

#include <cstdint>

#include "kernels/winograd/tile_kernels.h"

namespace ridgeline::kernels::winograd {

/// Tiles of 4×4 at the points 0, ±1, ±2 and ∞, in whole numbers: G's rows are multiplied by what makes them
/// whole, and Aᵀ's by what brings its terms together again, so that results are 24, 12, 6 and 6 times as
/// large along an axis.
struct WholeTile {
  static constexpr int kOut = kLargeTile;
  static constexpr int kIn = kOut + 2;
  /// The powers of two in that; three is left.
  static constexpr int kShifts[kOut] = {3, 2, 1, 1};

  /// Bᵀ. Of numbers from -255 to 255 the results of both axes fit 16 bits: none has coefficients that sum to
  /// more than 10.
  template <typename Vector>
  static void read_input(const Vector (&d)[kIn], Vector (&out)[kIn]) {
    const Vector near_even = d[4] - 4 * d[2], near_odd = d[3] - 4 * d[1];
    const Vector far_even = d[4] - d[2], far_odd = 2 * (d[3] - d[1]);
    out[0] = 4 * (d[0] - d[2]) + far_even;
    out[1] = near_even + near_odd;
    out[2] = near_even - near_odd;
    out[3] = far_even + far_odd;
    out[4] = far_even - far_odd;
    out[5] = d[5] - d[3] - 2 * far_odd;
  }

  /// 24, 6, 6, 24, 24 and 6 times the rows of G. Of i8 the results of both axes fit 16 bits: none has
  /// coefficients that sum to more than 7.
  static void read_taps(const int32_t (&g)[3], int32_t (&out)[kIn]) {
    out[0] = 6 * g[0];
    out[1] = -(g[0] + g[1] + g[2]);
    out[2] = -(g[0] - g[1] + g[2]);
    out[3] = g[0] + 2 * g[1] + 4 * g[2];
    out[4] = g[0] - 2 * g[1] + 4 * g[2];
    out[5] = 6 * g[2];
  }

  /// 24, 12, 6 and 6 times the rows of Aᵀ, over what G's were multiplied by.
  template <typename Vector>
  static void write_result(const Vector (&m)[kIn], Vector (&out)[kOut]) {
    const Vector near_sum = m[1] + m[2], near_difference = m[1] - m[2];
    const Vector far_sum = m[3] + m[4], far_difference = m[3] - m[4];
    out[0] = m[0] + 4 * near_sum + far_sum;
    out[1] = 2 * near_difference + far_difference;
    out[2] = near_sum + far_sum;
    out[3] = m[5] + near_difference + 2 * far_difference;
  }
};

}  // namespace ridgeline::kernels::winograd
