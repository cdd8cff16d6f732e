// The same loops for every vector width: included once by each vector_<isa>.cpp, which sets the width and is
// compiled for that instruction set. Holds no library header, so that no inline function shared with other
// files is compiled for an instruction set that the CPU may lack.
#include <cstddef>
#include <cstdint>

namespace ridgeline::kernels {
namespace {

using Floats = float __attribute__((vector_size(kVectorBytes)));
using Words = uint64_t __attribute__((vector_size(kVectorBytes)));

constexpr int kChains =
    12;  // two units with a latency of four or five cycles need ten; sixteen registers hold 12

void run_fma(int64_t iterations) {
  Floats chains[kChains] = {};
  Floats factor = Floats{} + 0.999F;
  Floats addend = Floats{} + 0.001F;
  __asm__ volatile("" : "+x"(factor), "+x"(addend));
  // Unknown to the compiler, or it would see that all chains are alike and keep one.
#pragma GCC unroll 12
  for (int chain = 0; chain < kChains; ++chain) __asm__ volatile("" : "+x"(chains[chain]));
  for (int64_t i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain) chains[chain] = chains[chain] * factor + addend;
#pragma GCC unroll 12
  for (int chain = 0; chain < kChains; ++chain) __asm__ volatile("" : : "x"(chains[chain]));
}

constexpr double kFmaFlops = 2.0 * kChains * (kVectorBytes / sizeof(float));

uint64_t read_stream(const uint64_t* values, size_t count) {
  constexpr size_t kLanes = kVectorBytes / sizeof(uint64_t);
  const Words* words = reinterpret_cast<const Words*>(values);
  Words sums[8] = {};
  for (size_t i = 0; i + 8 <= count / kLanes; i += 8)
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; ++j) sums[j] ^= words[i + j];
  const Words all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3] ^ sums[4] ^ sums[5] ^ sums[6] ^ sums[7];
  return all[0];
}

void triad_stream(float* a, const float* b, const float* c, size_t count) {
  constexpr size_t kLanes = kVectorBytes / sizeof(float);
  constexpr float kScale = 1.5F;
  Floats* result = reinterpret_cast<Floats*>(a);
  const Floats* left = reinterpret_cast<const Floats*>(b);
  const Floats* right = reinterpret_cast<const Floats*>(c);
  for (size_t i = 0; i + 4 <= count / kLanes; i += 4)
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; ++j) result[i + j] = left[i + j] + kScale * right[i + j];
}

}  // namespace
}  // namespace ridgeline::kernels
