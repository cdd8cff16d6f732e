#include <immintrin.h>

#include "kernels/probes/instruction_sets.h"

namespace ridgeline::kernels {
namespace {

constexpr int kChains = 12;

void run(int64_t iterations) {
  __m512i chains[kChains] = {};
  __m512i left = _mm512_set1_epi8(1), right = _mm512_set1_epi8(1);
  __asm__ volatile("" : "+v"(left), "+v"(right));
  // Unknown to the compiler, or it would see that all chains are alike and keep one.
#pragma GCC unroll 12
  for (int chain = 0; chain < kChains; ++chain) __asm__ volatile("" : "+v"(chains[chain]));
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain)
      chains[chain] = _mm512_dpbusd_epi32(chains[chain], left, right);
#pragma GCC unroll 12
  for (int chain = 0; chain < kChains; ++chain) __asm__ volatile("" : : "v"(chains[chain]));
}

}  // namespace

// 64 byte products, each added to a 32-bit sum.
const ComputeLoop kAvx512Int8Loop = {run, 2.0 * 64 * kChains};

}  // namespace ridgeline::kernels
