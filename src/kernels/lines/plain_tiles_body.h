// Included by files for any CPU.

#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/lines/tap_products.h"

namespace ridgeline::kernels::lines {
namespace {

/// AMX's registers as memory.
class PlainTiles {
 public:
  void configure(int upper, int lower) {
    const int rows[8] = {upper, upper, lower, lower, upper, lower, 16, 16};
    std::copy_n(rows, 8, rows_);
  }
  template <int tile>
  void zero() {
    std::memset(bytes_[tile], 0, kTileBytes);
  }
  template <int tile>
  void load(const void* from, int64_t step) {
    for (int row = 0; row < rows_[tile]; ++row)
      std::memcpy(bytes_[tile] + row * kLineBytes, static_cast<const std::byte*>(from) + row * step,
                  kLineBytes);
  }
  template <int tile>
  void store(void* to, int64_t step) {
    for (int row = 0; row < rows_[tile]; ++row)
      std::memcpy(static_cast<std::byte*>(to) + row * step, bytes_[tile] + row * kLineBytes, kLineBytes);
  }

 protected:
  template <typename T>
  T* at(int tile, int row) {
    return reinterpret_cast<T*>(bytes_[tile] + row * kLineBytes);
  }
  int rows_of(int tile) const { return rows_[tile]; }

 private:
  int rows_[8] = {};
  alignas(64) std::byte bytes_[8][kTileBytes];
};

}  // namespace
}  // namespace ridgeline::kernels::lines
