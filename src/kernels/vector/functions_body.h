// Included once for each instruction set, with kLanes set.
//
// The polynomials for exp and for tanh near 0 are those of Moshier's Cephes library.

#pragma once

#include <iterator>

#include "kernels/vector/lanes_body.h"

namespace ridgeline::kernels::vector {
namespace {

/// e^x in parts: 2^n · (1 + rest), n whole and |rest| below 0.42.
struct Exponential {
  Ints n;
  Vector rest;
  /// In two steps, so that results below the smallest normal number and above the largest come out right.
  Vector scaled(Vector x) const {
    const Ints half = n >> 1;
    const Vector first = reinterpret_cast<Vector>((half + 127) << 23);
    return x * first * reinterpret_cast<Vector>((n - half + 127) << 23);
  }
  /// Between those, in one.
  Vector scaled_at_once(Vector x) const { return x * reinterpret_cast<Vector>((n + 127) << 23); }
};

/// For x between -104 and 89.
inline Exponential exponential_inside(Vector x) {
  constexpr float kRounder = 12582912;  // 1.5 · 2^23: adding it rounds to a whole number in the low bits
  const Vector shifted = x * 1.44269504F + kRounder;
  const Vector whole = shifted - kRounder;
  const Vector r = x - whole * 0.693359375F + whole * 2.12194440e-4F;
  Vector p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  return {reinterpret_cast<Ints>(shifted) - reinterpret_cast<Ints>(splat(kRounder)), p * (r * r) + r};
}

inline Exponential exponential(Vector x) { return exponential_inside(clamped(x, -104, 89)); }

inline Vector exp_of(Vector x) {
  const Exponential e = exponential(x);
  return e.scaled(1 + e.rest);
}
/// e^x − 1, exact near 0.
inline Vector expm1_of(Vector x) {
  const Exponential e = exponential(x);
  return e.n == 0 ? e.rest : e.scaled(1 + e.rest) - 1;
}

/// e^-x for x between -87 and 87.
#ifdef __AVX512F__
/// As 2^(whole + r), |r| at most 1/2: a polynomial of the least greatest error, 1.1e-7, found by Lawson's
/// algorithm, and the instruction that scales it.
inline Vector exp_of_minus(Vector x) {
  constexpr float kPowers = -1.44269504F;  // of 2 in e^-1
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  const __m512 whole = _mm512_maskz_roundscale_ps(0xffff, reinterpret_cast<__m512>(x * kPowers), kNearest);
  const auto r =
      reinterpret_cast<Vector>(_mm512_fmsub_ps(reinterpret_cast<__m512>(x), _mm512_set1_ps(kPowers), whole));
  const Vector square = r * r, high = r * 0.0013264727F + 0.009671513F;
  const Vector middle = r * 0.055507336F + 0.24022242F, low = r * 0.693147F + 1;
  const Vector p = (high * square + middle) * square + low;
  return reinterpret_cast<Vector>(_mm512_maskz_scalef_ps(0xffff, reinterpret_cast<__m512>(p), whole));
}
#else
inline Vector exp_of_minus(Vector x) {
  const Exponential e = exponential_inside(-x);
  return e.scaled_at_once(1 + e.rest);
}
#endif

/// Where e^-x would pass the largest number, the result is next to nothing.
inline Vector sigmoid_of(Vector x) { return reciprocal(1 + exp_of_minus(clamped(x, -87, 87))); }

inline Vector tanh_of(Vector x) {
  const Vector size = absolute(x), z = x * x;
  Vector p = z * -5.70498872745e-3F + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  const Vector far = with_sign(1 - 2 / (exp_of(2 * size) + 1), x);
  return size < 0.625F ? x + x * z * p : far;
}

/// x times a polynomial of x², as far out as the result is below 1, which it then is. The fifteen terms are
/// those of the least greatest error, 4e-8, found by Lawson's algorithm; in x² from -1 to 1, so that none
/// outgrows the sum.
inline Vector erf_of(Vector x) {
  constexpr float kEnd = 3.75F;
  constexpr float kTerms[] = {0.000845573843F, -0.00221370813F, 0.00198295689F, -0.00302626682F,
                              0.0090261437F,   -0.0167115778F,  0.0249856692F,  -0.0373239107F,
                              0.0536172017F,   -0.071611166F,   0.0907395482F,  -0.111939527F,
                              0.139268845F,    -0.188030064F,   0.377056956F};
  const Vector inside = clamped(x, -kEnd, kEnd);
  const Vector u = inside * inside * (2 / (kEnd * kEnd)) - 1;
  Vector p = splat(kTerms[0]);
#pragma GCC unroll 14
  for (size_t i = 1; i < std::size(kTerms); ++i) p = p * u + kTerms[i];
  return inside * p;
}

/// x / 2 · (1 + erf(x / √2)).
inline Vector gelu_of(Vector x) { return x * (erf_of(x * 0.70710678118F) * 0.5F + 0.5F); }

/// x · tanh(log(1 + e^x)), the logarithm and the hyperbola undone.
inline Vector mish_of(Vector x) {
  const Vector e = exp_of(clamped(x, -kInfinity, 20));
  const Vector n = e * (e + 2);
  return x * (n / (n + 2));
}

}  // namespace
}  // namespace ridgeline::kernels::vector
