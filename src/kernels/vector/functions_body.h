// Included once for each instruction set, with kLanes set.
//
// The polynomials for exp and for tanh near 0 are those of Moshier's Cephes library.

#pragma once

#include <cstdint>
#include <immintrin.h>
#include <iterator>

namespace ridgeline::kernels::vector {
namespace {

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));
using Ints = int32_t __attribute__((vector_size(kLanes * sizeof(float))));
using UnalignedVector =
    float __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

constexpr float kInfinity = __builtin_inff();

inline Vector splat(float x) { return Vector{} + x; }
inline Vector load(const float* at) { return *reinterpret_cast<const UnalignedVector*>(at); }
inline void store(float* at, Vector x) { *reinterpret_cast<UnalignedVector*>(at) = x; }
/// The first `count` lanes; the others are those of `rest`.
inline Vector load_some(const float* at, int64_t count, Vector rest = Vector{}) {
#ifdef __AVX512F__
  return reinterpret_cast<Vector>(
      _mm512_mask_loadu_ps(reinterpret_cast<__m512>(rest), static_cast<__mmask16>((1U << count) - 1), at));
#else
  for (int64_t i = 0; i < count; ++i) rest[i] = at[i];
  return rest;
#endif
}
inline void store_some(float* at, Vector x, int64_t count) {
#ifdef __AVX512F__
  _mm512_mask_storeu_ps(at, static_cast<__mmask16>((1U << count) - 1), reinterpret_cast<__m512>(x));
#else
  for (int64_t i = 0; i < count; ++i) at[i] = x[i];
#endif
}

/// All lanes of x by f, which takes two numbers: those of one half with those of the other, and so on.
template <typename F>
inline float folded(Vector x, F f) {
  float lanes[kLanes];
  store(lanes, x);
#pragma GCC unroll 5
  for (int half = kLanes / 2; half > 0; half /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) lanes[i] = f(lanes[i], lanes[i + half]);
  return lanes[0];
}

/// To the nearest whole number, halves to even, of one below 2^22 in magnitude.
inline Vector rounded(Vector x) {
  constexpr float kWholeFromHere = 0x1.8p23F;
  return (x + kWholeFromHere) - kWholeFromHere;
}

inline Vector absolute(Vector x) { return reinterpret_cast<Vector>(reinterpret_cast<Ints>(x) & 0x7fffffff); }
/// `magnitude`, which is not negative, with the sign of x.
inline Vector with_sign(Vector magnitude, Vector x) {
  const Ints sign = reinterpret_cast<Ints>(x) & static_cast<int32_t>(0x80000000);
  return reinterpret_cast<Vector>(reinterpret_cast<Ints>(magnitude) | sign);
}
/// NaN stays NaN: the instructions give their second operand where either is one.
inline Vector clamped(Vector x, Vector low, Vector high) {
#ifdef __AVX512F__
  // Of all lanes; GCC 12 warns of the unmasked functions' own header.
  x = reinterpret_cast<Vector>(
      _mm512_maskz_max_ps(0xffff, reinterpret_cast<__m512>(low), reinterpret_cast<__m512>(x)));
  return reinterpret_cast<Vector>(
      _mm512_maskz_min_ps(0xffff, reinterpret_cast<__m512>(high), reinterpret_cast<__m512>(x)));
#else
  x = low > x ? low : x;
  return high < x ? high : x;
#endif
}
inline Vector clamped(Vector x, float low, float high) { return clamped(x, splat(low), splat(high)); }

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
  return {reinterpret_cast<Ints>(shifted) - reinterpret_cast<Ints>(splat(kRounder)), p * r * r + r};
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

/// 1 / x of a normal number, to about a rounding: the CPU's estimate and a step of Newton's where it has a
/// good one.
inline Vector reciprocal(Vector x) {
#if !defined(__AVX2__)
  return 1 / x;
#else
#ifdef __AVX512F__
  // Of all lanes; GCC 12 warns of the unmasked function's own header.
  const auto estimate = reinterpret_cast<Vector>(_mm512_maskz_rcp14_ps(0xffff, reinterpret_cast<__m512>(x)));
#else
  const auto estimate = reinterpret_cast<Vector>(_mm256_rcp_ps(reinterpret_cast<__m256>(x)));
#endif
  return estimate * (2 - x * estimate);
#endif
}

/// Where e^-x would pass the largest number, the result is next to nothing.
inline Vector sigmoid_of(Vector x) {
  const Exponential e = exponential_inside(clamped(-x, -87, 87));
  return reciprocal(1 + (1 + e.rest) * reinterpret_cast<Vector>((e.n + 127) << 23));
}

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
