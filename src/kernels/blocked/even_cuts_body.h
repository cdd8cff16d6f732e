// Included by files that are compiled once for each instruction set.

#pragma once

#include <cstdint>

#include "kernels/blocked/panel_product.h"

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

/// What a cut fetches into the second-level cache along the way: `floats` for each of its offsets.
struct CutAhead {
  const float* at;
  int64_t floats;
};

/// body(cut, its size, its first position, what it fetches), for cuts of at most `most` positions.
template <typename Body>
inline void for_each_cut(const PanelProduct& product, int64_t most, const Body& body) {
  const EvenCuts cuts(product.positions, most);
  const int64_t lines = product.ahead != nullptr ? ceil_div(product.ahead_floats, kBlock) : 0;
  const int64_t floats = short_ceil_div(lines, cuts.count() * product.count) * kBlock;
  int64_t first = 0;
  for (uint32_t cut = 0; cut < cuts.count(); ++cut) {
    const uint32_t size = cuts.size_of(cut);
    body(cut, size, first, CutAhead{product.ahead + cut * product.count * floats, floats});
    first += size;
  }
}

}  // namespace
}  // namespace ridgeline::kernels::blocked
