// Included by one file per instruction set, which sets kernels::vector::kLanes and gives multiply_with a
// class Sums. Everything is local to that file, so that no other can be linked to code which its CPU lacks.

#pragma once

#include <algorithm>

#include "kernels/blocked/vectors_body.h"
#include "kernels/lines/dot.h"
#include "kernels/lines/numbers_body.h"

namespace ridgeline::kernels::lines {
namespace {

/// [position][channel of the panel].
struct alignas(64) SumsMemory {
  float of[kMostPositions][kChannels];
};

template <Numbers numbers>
inline void write_line(const Results& results, const blocked::Finish& finish, const float* sums,
                       int64_t line) {
  uint16_t* const out = results.out[line].numbers;
  const int64_t lo = results.part_lines * kChannels;
#pragma GCC unroll 8
  for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
    Vector value = vector::load(sums + lane);
    if (results.bias != nullptr) value += vector::load(results.bias + lane);
    if (results.residual != nullptr)
      value += load_numbers<numbers>(results.residual[line].numbers + lane, lo);
    store_numbers<numbers>(out + lane, lo, blocked::finished(finish, value, lane, 0));
  }
}

/// Of `count` positions from `first` on.
template <Numbers numbers>
void write_sums(const Results& results, const SumsMemory& sums, int64_t first, int64_t count) {
  const blocked::Finish finish(results.activation);
  int64_t row = first / results.pitch, column = first % results.pitch;
  for (int64_t i = 0; i < count; ++i) {
    if (column < results.columns)
      write_line<numbers>(results, finish, sums.of[i], row * results.row_lines + column);
    if (++column == results.pitch) {
      column = 0;
      ++row;
    }
  }
}

struct Positions {
  int64_t first, count;
};

/// Fetches a product's `ahead` bit by bit.
class Ahead {
 public:
  Ahead(const DotProduct& product, int64_t cuts)
      : at_(product.ahead),
        end_(product.ahead == nullptr ? nullptr : product.ahead + product.ahead_bytes),
        lines_(ceil_div(product.ahead_bytes, cuts * product.inputs * product.tap_count * kLineBytes)) {}

  /// Once for each tap of each input.
  void fetch() {
    if (at_ == end_) return;
    const std::byte* const to = std::min(end_, at_ + lines_ * kLineBytes);
    for (; at_ < to; at_ += kLineBytes) __builtin_prefetch(at_, 0, 2);
    at_ = to;
  }

 private:
  const std::byte* at_;
  const std::byte* end_;
  int64_t lines_;
};

/// Sums::kRows positions at a time, in as few cuts as there must be, of the same height or one less.
template <Numbers numbers, typename Sums>
void multiply_with(const DotProduct& product) {
  Sums sums;
  SumsMemory memory;
  const int64_t cuts = ceil_div(product.positions, Sums::kRows);
  Ahead ahead(product, cuts);
  int64_t first = 0;
  for (int64_t cut = 0; cut < cuts; ++cut) {
    const int64_t rows = ceil_div(product.positions - first, cuts - cut);
    sums.template sum<numbers>(product, {first, rows}, ahead, memory);
    write_sums<numbers>(product.results, memory, first, rows);
    first += rows;
  }
}

template <typename Sums>
void multiply(const DotProduct& product) {
  if (product.numbers == Numbers::kBf16Pair)
    multiply_with<Numbers::kBf16Pair, Sums>(product);
  else
    multiply_with<Numbers::kBf16, Sums>(product);
}

}  // namespace
}  // namespace ridgeline::kernels::lines
