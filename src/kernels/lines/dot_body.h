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
    store_numbers<numbers>(out + lane, lo, blocked::activated(finish, value));
  }
}

struct Positions {
  int64_t first, count;
};

/// Finishes sums and writes them bit by bit, so that it can be done while tiles are busy with the next.
template <Numbers numbers>
class Writer {
 public:
  explicit Writer(const Results& results) : results_(results), finish_(results.activation) {}

  /// Takes the sums of the positions that follow those of before, which must all be written.
  void take(const SumsMemory& sums, int64_t count) {
    sums_ = sums.of[0];
    left_ = count;
  }
  int64_t left() const { return left_; }

  /// The next `count` positions, or what is left of them.
  void write(int64_t count) {
    for (count = std::min(count, left_); count > 0; --count, --left_, sums_ += kChannels) {
      if (column_ < results_.columns) write_line<numbers>(results_, finish_, sums_, first_line_ + column_);
      if (++column_ < results_.pitch) continue;
      column_ = 0;
      first_line_ += results_.row_lines;
    }
  }

 private:
  const Results& results_;
  blocked::Finish finish_;
  const float* sums_ = nullptr;
  int64_t left_ = 0;
  int64_t column_ = 0, first_line_ = 0;
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

/// What goes on beside the products of one cut.
template <Numbers numbers>
struct Beside {
  Ahead ahead;
  Writer<numbers> writer;  ///< of the cut before
};

/// Sums::kRows positions at a time, in as few cuts as there must be, of the same height or one less.
template <Numbers numbers, typename Sums>
void multiply_with(const DotProduct& product) {
  Sums sums;
  SumsMemory memory[2];
  if (product.tiles < kPanelTiles)
    for (SumsMemory& each : memory) each = {};
  const int64_t cuts = ceil_div(product.positions, Sums::kRows);
  Beside<numbers> beside{Ahead(product, cuts), Writer<numbers>(product.results)};
  int64_t first = 0;
  for (int64_t cut = 0; cut < cuts; ++cut) {
    const int64_t rows = ceil_div(product.positions - first, cuts - cut);
    sums.sum(product, {first, rows}, beside, memory[cut % 2]);
    beside.writer.take(memory[cut % 2], rows);
    first += rows;
  }
  beside.writer.write(kMostPositions);
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
