// Included by tile_kernels_body.h, once for each instruction set: the algorithm's matrices, applied to a
// column of vectors.

#pragma once

#include <numbers>

#include "kernels/winograd/vectors_body.h"

namespace ridgeline::kernels::winograd {
namespace {

/// Tiles of 4×4 at the points 0, ±√½, ±√2 and ∞. The polynomial through the finite points is x(x² − ½)(x² −
/// 2).
struct LargeTile {
  static constexpr int kOut = kLargeTile, kStride = 1;
  static constexpr int kIn = kOut + 2;
  static constexpr float kFar = std::numbers::sqrt2_v<float>;
  static constexpr float kNear = kFar / 2;
  static constexpr float kNearScale = -2.0F / 3;
  static constexpr float kFarScale = 1.0F / 6;

  /// Bᵀ: each row has the coefficients of the polynomial without that row's point.
  static void read_input(const Vector (&d)[kIn], Vector (&out)[kIn]) {
    out[0] = d[4] - 2.5F * d[2] + d[0];
    out[5] = d[5] - 2.5F * d[3] + d[1];
    const Vector near_even = d[4] - 2.0F * d[2];
    const Vector near_odd = d[3] - 2.0F * d[1];
    out[1] = near_even + kNear * near_odd;
    out[2] = near_even - kNear * near_odd;
    const Vector far_even = d[4] - 0.5F * d[2];
    const Vector far_odd = d[3] - 0.5F * d[1];
    out[3] = far_even + kFar * far_odd;
    out[4] = far_even - kFar * far_odd;
  }

  /// Aᵀ: the powers 0 to 3 of the points.
  static void write_result(const Vector (&m)[kIn], Vector (&out)[kOut]) {
    const Vector near_sum = m[1] + m[2];
    const Vector near_difference = m[1] - m[2];
    const Vector far_sum = m[3] + m[4];
    const Vector far_difference = m[3] - m[4];
    out[0] = m[0] + near_sum + far_sum;
    out[1] = kNear * near_difference + kFar * far_difference;
    out[2] = 0.5F * near_sum + 2.0F * far_sum;
    out[3] = m[5] + 0.5F * kNear * near_difference + 2.0F * kFar * far_difference;
  }

  /// A.
  static void read_gradient(const Vector (&y)[kOut], Vector (&out)[kIn]) {
    out[0] = y[0];
    const Vector near_even = y[0] + 0.5F * y[2];
    const Vector near_odd = y[1] + 0.5F * y[3];
    out[1] = near_even + kNear * near_odd;
    out[2] = near_even - kNear * near_odd;
    const Vector far_even = y[0] + 2.0F * y[2];
    const Vector far_odd = y[1] + 2.0F * y[3];
    out[3] = far_even + kFar * far_odd;
    out[4] = far_even - kFar * far_odd;
    out[5] = y[3];
  }

  /// G: the powers 0 to 2 of the points, over the derivative of the polynomial there.
  static void read_taps(const Vector (&g)[3], Vector (&out)[kIn]) {
    out[0] = g[0];
    const Vector near_even = kNearScale * (g[0] + 0.5F * g[2]);
    const Vector near_odd = (kNearScale * kNear) * g[1];
    out[1] = near_even + near_odd;
    out[2] = near_even - near_odd;
    const Vector far_even = kFarScale * (g[0] + 2.0F * g[2]);
    const Vector far_odd = (kFarScale * kFar) * g[1];
    out[3] = far_even + far_odd;
    out[4] = far_even - far_odd;
    out[5] = g[2];
  }

  /// Gᵀ.
  static void write_taps(const Vector (&u)[kIn], Vector (&out)[3]) {
    const Vector near_sum = u[1] + u[2];
    const Vector near_difference = u[1] - u[2];
    const Vector far_sum = u[3] + u[4];
    const Vector far_difference = u[3] - u[4];
    out[0] = u[0] + kNearScale * near_sum + kFarScale * far_sum;
    out[1] = (kNearScale * kNear) * near_difference + (kFarScale * kFar) * far_difference;
    out[2] = u[5] + (kNearScale * 0.5F) * near_sum + (kFarScale * 2.0F) * far_sum;
  }
};

/// Tiles of 2×2 at the points 0, ±1 and ∞.
struct SmallTile {
  static constexpr int kOut = kSmallTile, kStride = 1;
  static constexpr int kIn = kOut + 2;

  /// Bᵀ.
  static void read_input(const Vector (&d)[kIn], Vector (&out)[kIn]) {
    out[0] = d[0] - d[2];
    out[1] = d[2] + d[1];
    out[2] = d[2] - d[1];
    out[3] = d[3] - d[1];
  }

  /// Aᵀ.
  static void write_result(const Vector (&m)[kIn], Vector (&out)[kOut]) {
    out[0] = m[0] + m[1] + m[2];
    out[1] = m[1] - m[2] + m[3];
  }

  /// G.
  static void read_taps(const Vector (&g)[3], Vector (&out)[kIn]) {
    const Vector even = 0.5F * (g[0] + g[2]), odd = 0.5F * g[1];
    out[0] = g[0];
    out[1] = even + odd;
    out[2] = even - odd;
    out[3] = g[2];
  }
};

/// Tiles of 2×2 at stride 2. A line's even inputs meet taps 0 and 2 at the points 0, 1 and ∞; its odd ones
/// meet tap 1 alone, as they are: five products in place of six.
struct StridedTile {
  static constexpr int kOut = kSmallTile, kStride = 2;
  static constexpr int kIn = 5;

  /// Bᵀ.
  static void read_input(const Vector (&d)[kIn], Vector (&out)[kIn]) {
    out[0] = d[0] - d[2];
    out[1] = d[2];
    out[2] = d[4] - d[2];
    out[3] = d[1];
    out[4] = d[3];
  }

  /// Aᵀ.
  static void write_result(const Vector (&m)[kIn], Vector (&out)[kOut]) {
    out[0] = m[0] + m[1] + m[3];
    out[1] = m[1] + m[2] + m[4];
  }

  /// G.
  static void read_taps(const Vector (&g)[3], Vector (&out)[kIn]) {
    out[0] = g[0];
    out[1] = g[0] + g[2];
    out[2] = g[2];
    out[3] = out[4] = g[1];
  }
};

}  // namespace
}  // namespace ridgeline::kernels::winograd
