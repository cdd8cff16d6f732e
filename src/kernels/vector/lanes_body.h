// Included once for each instruction set, with kLanes set: vectors, how they are read and written, and what
// takes an instruction or a few.

#pragma once

#include <cstdint>
#include <cstring>
#include <immintrin.h>

namespace ridgeline::kernels::vector {
namespace {

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));
using Ints = int32_t __attribute__((vector_size(kLanes * sizeof(float))));
using UnalignedVector =
    float __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

constexpr float kInfinity = __builtin_inff();

/// Less zeros, which a compiler leaves out; adding zeros would make −0 a 0.
inline Vector splat(float x) { return x - Vector{}; }
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

/// kLanes bytes, as numbers from 0 to 255. By the instruction where there is one, as GCC 12 takes the
/// elements of a conversion one by one.
inline Ints load_bytes_wide(const uint8_t* at) {
#if defined(__AVX512F__)
  return reinterpret_cast<Ints>(
      _mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
#elif defined(__AVX2__)
  return reinterpret_cast<Ints>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
#else
  return Ints{at[0], at[1], at[2], at[3]};
#endif
}
/// The low byte of each lane.
inline void store_low_bytes(uint8_t* at, Ints x) {
#if defined(__AVX512F__)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at),
                   _mm512_maskz_cvtepi32_epi8(0xffff, reinterpret_cast<__m512i>(x)));
#else
  using Bytes = uint8_t __attribute__((vector_size(kLanes)));
  const Bytes bytes = __builtin_convertvector(x, Bytes);
  std::memcpy(at, &bytes, sizeof(bytes));
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

/// Added to a number below 2^22 in magnitude, leaves the nearest whole one, halves to even, in the low bits.
constexpr float kWholeFromHere = 0x1.8p23F;

/// To the nearest whole number, halves to even, of one below 2^22 in magnitude.
inline Vector rounded(Vector x) { return (x + kWholeFromHere) - kWholeFromHere; }
/// The same modulo 2^22, whose low bytes store_low_bytes takes.
inline Ints rounded_low(Vector x) { return reinterpret_cast<Ints>(x + kWholeFromHere); }

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
/// NaN becomes `low`.
inline Vector clamped_number(Vector x, float low, float high) {
#ifdef __AVX512F__
  x = reinterpret_cast<Vector>(
      _mm512_maskz_max_ps(0xffff, reinterpret_cast<__m512>(x), reinterpret_cast<__m512>(splat(low))));
  return reinterpret_cast<Vector>(
      _mm512_maskz_min_ps(0xffff, reinterpret_cast<__m512>(x), reinterpret_cast<__m512>(splat(high))));
#else
  x = x > low ? x : splat(low);
  return x < high ? x : splat(high);
#endif
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

}  // namespace
}  // namespace ridgeline::kernels::vector
