// Included by files that set kernels::vector::kLanes and kVectorRows, and define dot(sums, pairs, pairs).

#pragma once

#include <array>
#include <cstring>
#include <utility>

#include "kernels/lines/dot_body.h"

namespace ridgeline::kernels::lines {
namespace {

inline Ints load_pairs(const std::byte* at) {
  Ints pairs;
  std::memcpy(&pairs, at, sizeof(pairs));
  return pairs;
}

inline Ints splat_pair(const std::byte* at) {
  int32_t pair = 0;
  std::memcpy(&pair, at, sizeof(pair));
  return Ints{} + pair;
}

/// Sums of up to kVectorRows positions in vector registers.
class VectorSums {
 public:
  static constexpr int64_t kRows = kVectorRows;

  template <Numbers numbers>
  void sum(const DotProduct& product, const Positions& positions, Beside<numbers>& beside,
           SumsMemory& memory) {
    beside.writer.write(kRows);
    using Rows = std::make_integer_sequence<int, kVectorRows>;
    static constexpr auto kOneTile = by_rows<numbers, 1>(Rows());
    static constexpr auto kTwoTiles = by_rows<numbers, 2>(Rows());
    (product.tiles == 2 ? kTwoTiles : kOneTile)[static_cast<size_t>(positions.count - 1)](
        product, positions.first, beside.ahead, memory);
  }

 private:
  using SumRows = void (*)(const DotProduct& product, int64_t first, Ahead& ahead, SumsMemory& memory);

  template <Numbers numbers, int tiles, int... rows>
  static constexpr std::array<SumRows, kVectorRows> by_rows(std::integer_sequence<int, rows...>) {
    return {sum_rows<numbers, tiles, rows + 1>...};
  }

  template <Numbers numbers, int tiles, int rows>
  static void sum_rows(const DotProduct& product, int64_t first, Ahead& ahead, SumsMemory& memory) {
    constexpr int kVectors = tiles * static_cast<int>(kColumns) / kLanes;
    Vector sums[rows][kVectors] = {};
    const std::byte* b = product.b;
    for (int64_t input = 0; input < product.inputs; ++input)
      for (int64_t tap = 0; tap < product.tap_count; ++tap, b += parts_of(numbers) * tiles * kTileBytes) {
        const std::byte* const a =
            product.a + first * product.a_step + input * product.input_step + product.taps[tap];
        ahead.fetch();
        add_step<tiles, rows>(a, product.a_step, b, sums);
        if constexpr (numbers == Numbers::kBf16Pair) {
          add_step<tiles, rows>(a + product.a_part, product.a_step, b, sums);
          add_step<tiles, rows>(a, product.a_step, b + tiles * kTileBytes, sums);
        }
      }
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) vector::store(memory.of[r] + v * kLanes, sums[r][v]);
  }

  template <int tiles, int rows, int vectors>
  static inline void add_step(const std::byte* a, int64_t a_step, const std::byte* b,
                              Vector (&sums)[rows][vectors]) {
    constexpr int kVectorsOfTile = vectors / tiles;
#pragma GCC unroll 1
    for (int64_t pair = 0; pair < kTermsOfTile / 2; ++pair) {
      Ints columns[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        columns[v] = load_pairs(b + v / kVectorsOfTile * kTileBytes + pair * kLineBytes +
                                v % kVectorsOfTile * static_cast<int64_t>(sizeof(Ints)));
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        const Ints position = splat_pair(a + r * a_step + pair * 4);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sums[r][v] = dot(sums[r][v], position, columns[v]);
      }
    }
  }
};

}  // namespace
}  // namespace ridgeline::kernels::lines
