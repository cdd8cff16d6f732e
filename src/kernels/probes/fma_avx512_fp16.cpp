#include <immintrin.h>

#include "kernels/probes/instruction_sets.h"

namespace ridgeline::kernels {
namespace {

constexpr int kChains = 12;

void run(int64_t iterations) {
  __m512h chains[kChains] = {};
  __m512h factor = _mm512_setzero_ph(), addend = _mm512_setzero_ph();
  __asm__ volatile("" : "+v"(factor), "+v"(addend));
  // Unknown to the compiler, or it would see that all chains are alike and keep one.
#pragma GCC unroll 12
  for (int chain = 0; chain < kChains; ++chain) __asm__ volatile("" : "+v"(chains[chain]));
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain)
      chains[chain] = _mm512_fmadd_ph(chains[chain], factor, addend);
#pragma GCC unroll 12
  for (int chain = 0; chain < kChains; ++chain) __asm__ volatile("" : : "v"(chains[chain]));
}

}  // namespace

// 32 lanes.
const ComputeLoop kAvx512Fp16Loop = {run, 2.0 * 32 * kChains};

}  // namespace ridgeline::kernels
