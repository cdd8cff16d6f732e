// Included by one file per instruction set, which sets kernels::vector::kLanes and gives multiply_with a
// class Sums and a class Ends. Everything is local to that file, so that no other can be linked to code which
// its CPU lacks.

#pragma once

#include <algorithm>

#include "kernels/lines/tap_products.h"
#include "kernels/vector/functions_body.h"

namespace ridgeline::kernels::lines {
namespace {

using vector::Ints;
using vector::kLanes;
using vector::Vector;

/// [position][column of the panel].
template <typename Sum>
struct alignas(64) SumsMemory {
  Sum of[kMostPositions][kPanelColumns];
};

struct Positions {
  int64_t first, count;
};

/// Finishes sums and writes them bit by bit, so that it can be done while tiles are busy with the next. Ends
/// has the type Sum and write(sums, line, count), of positions that lie in lines behind each other.
template <typename Ends>
class Writer {
 public:
  using Sum = typename Ends::Sum;

  Writer(const Rows& rows, const Ends& ends) : rows_(rows), ends_(ends) {}

  /// Takes the sums of the positions that follow those of before, which must all be written.
  void take(const SumsMemory<Sum>& sums, int64_t count) {
    sums_ = sums.of[0];
    left_ = count;
  }
  int64_t left() const { return left_; }

  /// The next `count` positions, or what is left of them.
  void write(int64_t count) {
    for (count = std::min(count, left_); count > 0;) {
      const int64_t run = std::min(count, rows_.pitch - column_);
      const int64_t inside = std::min(run, rows_.columns - column_);
      if (inside > 0) ends_.write(sums_, first_line_ + column_, inside);
      count -= run;
      left_ -= run;
      sums_ += run * kPanelColumns;
      column_ += run;
      if (column_ < rows_.pitch) continue;
      column_ = 0;
      first_line_ += rows_.row_lines;
    }
  }

 private:
  const Rows& rows_;
  Ends ends_;
  const Sum* sums_ = nullptr;
  int64_t left_ = 0;
  int64_t column_ = 0, first_line_ = 0;
};

/// Fetches a product's `ahead` bit by bit.
class Ahead {
 public:
  Ahead(const TapProducts& product, int64_t cuts)
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
template <typename Ends>
struct Beside {
  Ahead ahead;
  Writer<Ends> writer;  ///< of the cut before
};

/// Sums::kRows positions at a time, in as few cuts as there must be, of the same height or one less.
template <typename Sums, typename Ends>
void multiply_with(const TapProducts& product, const Ends& ends) {
  Sums sums;
  SumsMemory<typename Ends::Sum> memory[2];
  if (product.tiles < kPanelTiles)
    for (auto& each : memory) each = {};
  const int64_t cuts = ceil_div(product.positions, Sums::kRows);
  Beside<Ends> beside{Ahead(product, cuts), Writer<Ends>(product.rows, ends)};
  int64_t first = 0;
  for (int64_t cut = 0; cut < cuts; ++cut) {
    const int64_t rows = ceil_div(product.positions - first, cuts - cut);
    sums.sum(product, {first, rows}, beside, memory[cut % 2]);
    beside.writer.take(memory[cut % 2], rows);
    first += rows;
  }
  beside.writer.write(kMostPositions);
}

}  // namespace
}  // namespace ridgeline::kernels::lines
