// Included by files that are compiled once for each instruction set.

#pragma once

#include <cstdint>

namespace ridgeline::kernels::blocked {
namespace {

/// Rounded up. CPUs before Ice Lake divide 64 bits in as much time as a short product takes.
constexpr uint32_t short_ceil_div(int64_t a, int64_t b) {
  const auto divisor = static_cast<uint32_t>(b);
  return (static_cast<uint32_t>(a) + divisor - 1) / divisor;
}

/// Positions in as few cuts of `most` as there must be, of the same size or one less: 16 positions are 8 and
/// 8, not 14 and 2.
class EvenCuts {
 public:
  EvenCuts(int64_t positions, int64_t most)
      : count_(short_ceil_div(positions, most)),
        low_(static_cast<uint32_t>(positions) / count_),
        high_cuts_(static_cast<uint32_t>(positions) % count_) {}

  uint32_t count() const { return count_; }
  uint32_t size_of(uint32_t cut) const { return cut < high_cuts_ ? low_ + 1 : low_; }

 private:
  uint32_t count_, low_, high_cuts_;
};

}  // namespace
}  // namespace ridgeline::kernels::blocked
