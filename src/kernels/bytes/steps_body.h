// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include <cmath>
#include <cstring>

#include "kernels/blocked/block.h"
#include "kernels/bytes/results.h"
#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::bytes {
namespace {

using vector::Ints;
using vector::kLanes;
using vector::Vector;
using Steps = uint8_t __attribute__((vector_size(kLanes)));

/// a · b + c, rounded once.
inline Vector fused(Vector a, Vector b, Vector c) {
#ifdef __AVX512F__
  return reinterpret_cast<Vector>(
      _mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#else
  for (int i = 0; i < kLanes; ++i) c[i] = std::fma(a[i], b[i], c[i]);
  return c;
#endif
}

inline Vector load_steps(const uint8_t* at) {
  Steps steps;
  std::memcpy(&steps, at, sizeof(steps));
  return __builtin_convertvector(__builtin_convertvector(steps, Ints), Vector);
}

inline void store_steps(uint8_t* at, Vector whole) {
  const Steps steps = __builtin_convertvector(__builtin_convertvector(whole, Ints), Steps);
  std::memcpy(at, &steps, sizeof(steps));
}

inline Ints load_ints(const int32_t* at) {
  Ints ints;
  std::memcpy(&ints, at, sizeof(ints));
  return ints;
}

/// As quantized::with_residual.
inline Vector with_residual(const Finish& finish, Vector value, Vector residual) {
  if (finish.rounds_sums) {
    value = value < finish.middle_low ? vector::splat(finish.middle_low) : value;
    value = vector::rounded(value > finish.middle_high ? vector::splat(finish.middle_high) : value);
  }
  return fused(value, vector::splat(finish.middle_scale),
               fused(residual, vector::splat(finish.residual_scale), vector::splat(finish.residual_shift)));
}

/// As quantized::clamped.
inline Vector clamped(const Finish& finish, Vector value) {
  value = value > finish.low ? value : vector::splat(finish.low);
  return value < finish.high ? value : vector::splat(finish.high);
}

inline void store_result(const Finish& finish, Vector value, uint8_t* at) {
  store_steps(at, vector::rounded(clamped(finish, value)) + static_cast<float>(finish.zero));
}

/// Of channels `lane` and on of a line, from their sums.
inline void write_results(const Results& to, Vector sums, int64_t lane, int64_t line) {
  Vector value = fused(sums, vector::load(to.scale + lane), vector::load(to.shift + lane));
  const int64_t at = line * kLineBytes + lane;
  if (to.residual != nullptr) value = with_residual(to.finish, value, load_steps(to.residual + at));
  if (to.blocks == nullptr) {
    store_result(to.finish, value, to.out + at);
  } else if (const int64_t block = lane / blocked::kBlock; block < to.block_count) {
    vector::store(to.blocks + block * to.block_floats + line * blocked::kBlock + lane % blocked::kBlock,
                  clamped(to.finish, value));
  }
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
