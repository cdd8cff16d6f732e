// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include "kernels/lines/line.h"
#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::lines {
namespace {

using vector::Ints;
using vector::kLanes;
using vector::Vector;
using Halves = uint16_t __attribute__((vector_size(kLanes * sizeof(uint16_t))));
using UnalignedHalves =
    uint16_t __attribute__((vector_size(kLanes * sizeof(uint16_t)), aligned(sizeof(uint16_t)), may_alias));

/// By the instructions where there are some: GCC 12 takes conversions apart.
inline Ints zero_extended(Halves bits) {
#ifdef __AVX512F__
  return reinterpret_cast<Ints>(_mm512_maskz_cvtepu16_epi32(0xffff, reinterpret_cast<__m256i>(bits)));
#else
  return __builtin_convertvector(bits, Ints);
#endif
}
inline Halves low_halves(Ints x) {
#ifdef __AVX512F__
  return reinterpret_cast<Halves>(_mm512_maskz_cvtepi32_epi16(0xffff, reinterpret_cast<__m512i>(x)));
#else
  return __builtin_convertvector(x, Halves);
#endif
}

inline Vector widened(Halves bits) { return reinterpret_cast<Vector>(zero_extended(bits) << 16); }

/// To the nearest BF16, ties to even; NaN stays NaN. The CPU's own conversion takes the smallest numbers,
/// which are not normal, for zero.
inline Halves narrowed(Vector x) {
#ifdef __AVX512BF16__
  return reinterpret_cast<Halves>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(x)));
#else
  const Ints bits = reinterpret_cast<Ints>(x);
  const Ints rounded = bits + 0x7fff + (bits >> 16 & 1);
  return low_halves((vector::absolute(x) <= vector::kInfinity ? rounded : bits | 0x400000) >> 16);
#endif
}

inline Halves load_halves(const uint16_t* at) { return *reinterpret_cast<const UnalignedHalves*>(at); }
inline void store_halves(uint16_t* at, Halves x) { *reinterpret_cast<UnalignedHalves*>(at) = x; }

/// The numbers of kLanes channels; `lo` is how many halves the second part lies behind the first.
template <Numbers numbers>
inline Vector load_numbers(const uint16_t* at, int64_t lo) {
  Vector x = widened(load_halves(at));
  if constexpr (numbers == Numbers::kBf16Pair) x += widened(load_halves(at + lo));
  return x;
}

template <Numbers numbers>
inline void store_numbers(uint16_t* at, int64_t lo, Vector x) {
  const Halves hi = narrowed(x);
  store_halves(at, hi);
  if constexpr (numbers == Numbers::kBf16Pair) {
    const Vector rest = x - widened(hi);
    store_halves(
        at + lo,
        narrowed(vector::absolute(rest) < vector::kInfinity ? rest : Vector{}));  // infinity − infinity
  }
}

}  // namespace
}  // namespace ridgeline::kernels::lines
