#include <bit>
#include <cstring>

namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 4;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/lines/tiles_body.h"

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
  template <int sums, int a, int b>
  void dot() {
    for (int row = 0; row < rows_[sums]; ++row)
      for (int pair = 0; pair < 16; ++pair) {
        const uint32_t x = at<uint32_t>(a, row)[pair];
        const auto* const columns = at<uint32_t>(b, pair);
        for (int column = 0; column < kColumns; ++column)
          at<float>(sums, row)[column] += even(x) * even(columns[column]) + odd(x) * odd(columns[column]);
      }
  }

 private:
  template <typename T>
  T* at(int tile, int row) {
    return reinterpret_cast<T*>(bytes_[tile] + row * kLineBytes);
  }
  /// Of two BF16 beside each other.
  static float even(uint32_t pair) { return std::bit_cast<float>(pair << 16); }
  static float odd(uint32_t pair) { return std::bit_cast<float>(pair & 0xffff0000U); }

  int rows_[8] = {};
  alignas(64) std::byte bytes_[8][kTileBytes];
};

}  // namespace

const DotKernels& ref_dots() {
  static constexpr DotKernels kKernels{multiply<TileSums<PlainTiles>>};
  return kKernels;
}

}  // namespace ridgeline::kernels::lines
