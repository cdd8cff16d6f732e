// Included by files that are compiled for AMX.

#pragma once

#include <cstdint>
#include <immintrin.h>

#include "kernels/amx_tile_config.h"
#include "kernels/lines/line.h"

namespace ridgeline::kernels::lines {
namespace {

/// The thread's tile registers while it lives; what dot() is, the numbers decide. GCC's intrinsics take
/// numbers of tiles as text alone, which no template has.
class AmxTiles {
 public:
  ~AmxTiles() { _tile_release(); }

  /// Of tiles 4 and 5, and of the sums that they lead to.
  void configure(int upper, int lower) {
    if (upper == upper_ && lower == lower_) return;
    upper_ = upper;
    lower_ = lower;
    AmxTileConfig config;
    const int rows[8] = {upper, upper, lower, lower, upper, lower, 16, 16};
    for (int tile = 0; tile < 8; ++tile) {
      config.row_bytes[tile] = kLineBytes;
      config.rows[tile] = static_cast<uint8_t>(rows[tile]);
    }
    // GCC 12 declares only part of the configuration as read by the instruction: keep the stores above.
    __asm__ volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
  }

  template <int tile>
  void zero() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(tile));
  }
  template <int tile>
  void load(const void* from, int64_t step) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(step), "i"(tile) : "memory");
  }
  template <int tile>
  void store(void* to, int64_t step) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(step), "i"(tile) : "memory");
  }

 private:
  int upper_ = 0, lower_ = 0;
};

}  // namespace
}  // namespace ridgeline::kernels::lines
