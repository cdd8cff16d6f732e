#include <immintrin.h>

#include "kernels/probes/instruction_sets.h"

namespace ridgeline::kernels {
namespace {

constexpr int kChains = 12;

void run(int64_t iterations) {
  __m512 chains[kChains] = {};
  __m512bh left = reinterpret_cast<__m512bh>(_mm512_setzero_si512()), right = left;
  __asm__ volatile("" : "+v"(left), "+v"(right));
  // Unknown to the compiler, or it would see that all chains are alike and keep one.
#pragma GCC unroll 12
  for (int chain = 0; chain < kChains; ++chain) __asm__ volatile("" : "+v"(chains[chain]));
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain)
      chains[chain] = _mm512_dpbf16_ps(chains[chain], left, right);
#pragma GCC unroll 12
  for (int chain = 0; chain < kChains; ++chain) __asm__ volatile("" : : "v"(chains[chain]));
}

}  // namespace

// 32 products, each added to a 32-bit sum.
const ComputeLoop kAvx512Bf16Loop = {run, 2.0 * 32 * kChains};

}  // namespace ridgeline::kernels
