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
  return __builtin_convertvector(vector::load_bytes_wide(at), Vector);
}

inline Ints load_ints(const int32_t* at) {
  Ints ints;
  std::memcpy(&ints, at, sizeof(ints));
  return ints;
}

/// As quantized::with_residual.
inline Vector with_residual(const Finish& finish, Vector value, Vector residual) {
  if (finish.rounds_sums) {
    value = vector::rounded(vector::clamped(value, finish.middle_low, finish.middle_high));
  }
  return fused(value, vector::splat(finish.middle_scale),
               fused(residual, vector::splat(finish.residual_scale), vector::splat(finish.residual_shift)));
}

/// As quantized::clamped.
inline Vector clamped(const Finish& finish, Vector value) {
  return vector::clamped_number(value, finish.low, finish.high);
}

inline void store_result(const Finish& finish, Vector value, uint8_t* at) {
  vector::store_low_bytes(at, vector::rounded_low(clamped(finish, value)) + finish.zero);
}

/// The places of the same channels in the lines of a run.
struct LaneRun {
  int64_t lane;   ///< the first channel
  int64_t line;   ///< the first line
  int64_t count;  ///< lines
};

/// Whole sums of channels as results; `sums_of` gives those of the run's i-th line. What all lines share is
/// copied first, since bytes that are stored might lie over it as far as a compiler knows.
template <typename SumsOf>
inline void write_run(const Results& results, const LaneRun& run, const SumsOf& sums_of) {
  const Finish finish = results.finish;
  const Vector scale = vector::load(results.scale + run.lane), shift = vector::load(results.shift + run.lane);
  const int64_t at = run.line * kLineBytes + run.lane;
  const uint8_t* const residual = results.residual == nullptr ? nullptr : results.residual + at;
  const auto value_of = [&](int64_t i) {
    const Vector value = fused(sums_of(i), scale, shift);
    return residual == nullptr ? value : with_residual(finish, value, load_steps(residual + i * kLineBytes));
  };
  if (results.blocks == nullptr) {
    uint8_t* const out = results.out + at;
    for (int64_t i = 0; i < run.count; ++i) store_result(finish, value_of(i), out + i * kLineBytes);
  } else if (const int64_t block = run.lane / blocked::kBlock; block < results.block_count) {
    float* const out = results.blocks + block * results.block_floats + run.line * blocked::kBlock +
                       run.lane % blocked::kBlock;
    for (int64_t i = 0; i < run.count; ++i)
      vector::store(out + i * blocked::kBlock, clamped(finish, value_of(i)));
  }
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
