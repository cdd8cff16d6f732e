// Included by files that set kernels::vector::kLanes and give TileSums a class Tiles.

#pragma once

#include "kernels/lines/sums_body.h"

namespace ridgeline::kernels::lines {
namespace {

/// Sums of up to 32 positions in tiles: 0 and 1 are those of the first positions, 2 and 3 those of the
/// others, for each of two tiles of weights. Tiles has configure(), zero, load, store and dot.
template <typename Tiles>
class TileSums {
 public:
  static constexpr int64_t kRows = kMostPositions;

  template <typename Ends>
  void sum(const TapProducts& product, const Positions& positions, Beside<Ends>& beside,
           SumsMemory<typename Ends::Sum>& memory) {
    const int64_t upper = ceil_div(positions.count, int64_t{2}), lower = positions.count - upper;
    const Cut cut{positions.first, upper};
    tiles_.configure(static_cast<int>(upper), static_cast<int>(std::max<int64_t>(lower, 1)));
    if (product.tiles == 2)
      lower > 0 ? sum_tiles<true, true>(product, cut, beside, memory)
                : sum_tiles<false, true>(product, cut, beside, memory);
    else
      lower > 0 ? sum_tiles<true, false>(product, cut, beside, memory)
                : sum_tiles<false, false>(product, cut, beside, memory);
  }

 private:
  /// The first position, and how many of them are in the upper tiles.
  struct Cut {
    int64_t first, upper;
  };
  /// Where the tiles of one step lie.
  struct Step {
    const std::byte* a;
    int64_t a_step;
    int64_t lower;  ///< bytes from the first positions to the others
    const std::byte* b;
  };

  template <bool two_rows, bool two_columns>
  void load_a(const Step& step, int64_t part) {
    tiles_.template load<4>(step.a + part, step.a_step);
    if constexpr (two_rows) tiles_.template load<5>(step.a + part + step.lower, step.a_step);
  }

  template <bool two_rows, bool two_columns>
  void load_b(const std::byte* b) {
    tiles_.template load<6>(b, kLineBytes);
    if constexpr (two_columns) tiles_.template load<7>(b + kTileBytes, kLineBytes);
  }

  template <bool two_rows, bool two_columns>
  void dot() {
    tiles_.template dot<0, 4, 6>();
    if constexpr (two_columns) tiles_.template dot<1, 4, 7>();
    if constexpr (two_rows) tiles_.template dot<2, 5, 6>();
    if constexpr (two_rows && two_columns) tiles_.template dot<3, 5, 7>();
  }

  template <bool two_rows, bool two_columns, typename Ends>
  void sum_tiles(const TapProducts& product, const Cut& cut, Beside<Ends>& beside,
                 SumsMemory<typename Ends::Sum>& memory) {
    constexpr int64_t kTiles = two_columns ? 2 : 1, kParts = Ends::kIsPair ? 2 : 1;
    tiles_.template zero<0>();
    tiles_.template zero<1>();
    tiles_.template zero<2>();
    tiles_.template zero<3>();
    const int64_t written_at_once = ceil_div(beside.writer.left(), product.inputs * product.tap_count);
    const std::byte* b = product.b;
    for (int64_t input = 0; input < product.inputs; ++input)
      for (int64_t tap = 0; tap < product.tap_count; ++tap, b += kTiles * kParts * kTileBytes) {
        const Step step{
            .a = product.a + cut.first * product.a_step + input * product.input_step + product.taps[tap],
            .a_step = product.a_step,
            .lower = cut.upper * product.a_step,
            .b = b};
        beside.ahead.fetch();
        load_b<two_rows, two_columns>(step.b);
        if constexpr (Ends::kIsPair) {
          load_a<two_rows, two_columns>(step, product.a_part);
          dot<two_rows, two_columns>();
        }
        load_a<two_rows, two_columns>(step, 0);
        dot<two_rows, two_columns>();
        if constexpr (Ends::kIsPair) {
          load_b<two_rows, two_columns>(step.b + kTiles * kTileBytes);
          dot<two_rows, two_columns>();
        }
        beside.writer.write(written_at_once);
      }
    constexpr int64_t kRowBytes = sizeof(memory.of[0]);
    tiles_.template store<0>(memory.of[0], kRowBytes);
    if constexpr (two_columns) tiles_.template store<1>(memory.of[0] + kColumns, kRowBytes);
    if constexpr (two_rows) tiles_.template store<2>(memory.of[cut.upper], kRowBytes);
    if constexpr (two_rows && two_columns)
      tiles_.template store<3>(memory.of[cut.upper] + kColumns, kRowBytes);
  }

  Tiles tiles_;
};

}  // namespace
}  // namespace ridgeline::kernels::lines
