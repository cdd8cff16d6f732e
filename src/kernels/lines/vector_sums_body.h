// Included by files that set kernels::vector::kLanes and kVectorRows, and define dot(sums, terms, terms).

#pragma once

#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/lines/sums_body.h"

namespace ridgeline::kernels::lines {
namespace {

/// Four bytes of terms for each column.
inline Ints load_terms(const std::byte* at) {
  Ints terms;
  std::memcpy(&terms, at, sizeof(terms));
  return terms;
}

inline Ints splat_terms(const std::byte* at) {
  int32_t terms = 0;
  std::memcpy(&terms, at, sizeof(terms));
  return Ints{} + terms;
}

/// Sums of up to kVectorRows positions of single numbers in vector registers.
class VectorSums {
 public:
  static constexpr int64_t kRows = kVectorRows;

  template <typename Ends>
  void sum(const TapProducts& product, const Positions& positions, Beside<Ends>& beside,
           SumsMemory<typename Ends::Sum>& memory) {
    beside.writer.write(kRows);
    using Counts = std::make_integer_sequence<int, kVectorRows>;
    static constexpr auto kOneTile = by_rows<Ends, 1>(Counts());
    static constexpr auto kTwoTiles = by_rows<Ends, 2>(Counts());
    (product.tiles == 2 ? kTwoTiles : kOneTile)[static_cast<size_t>(positions.count - 1)](
        product, positions.first, beside.ahead, memory);
  }

 private:
  template <typename Sum>
  using SumRows = void (*)(const TapProducts& product, int64_t first, Ahead& ahead, SumsMemory<Sum>& memory);
  template <typename Sum>
  using SumVector = std::conditional_t<std::is_same_v<Sum, float>, Vector, Ints>;

  template <typename Ends, int tiles, int... rows>
  static constexpr std::array<SumRows<typename Ends::Sum>, kVectorRows> by_rows(
      std::integer_sequence<int, rows...>) {
    return {sum_rows<Ends, tiles, rows + 1>...};
  }

  template <typename Ends, int tiles, int rows>
  static void sum_rows(const TapProducts& product, int64_t first, Ahead& ahead,
                       SumsMemory<typename Ends::Sum>& memory) {
    constexpr int kVectors = tiles * static_cast<int>(kColumns) / kLanes;
    SumVector<typename Ends::Sum> sums[rows][kVectors] = {};
    const std::byte* b = product.b;
    for (int64_t input = 0; input < product.inputs; ++input) {
      const int64_t term_rows = input + 1 < product.inputs ? kTermRows : product.last_rows;
      for (int64_t tap = 0; tap < product.tap_count; ++tap, b += tiles * kTileBytes) {
        const std::byte* const a =
            product.a + first * product.a_step + input * product.input_step + product.taps[tap];
        ahead.fetch();
        add_step<tiles, rows>({a, product.a_step, b, term_rows}, sums);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        std::memcpy(memory.of[r] + v * kLanes, &sums[r][v], sizeof(sums[r][v]));
  }

  /// Of a tap's line: where the first position's and the weights lie.
  struct Terms {
    const std::byte* a;
    int64_t a_step;
    const std::byte* b;
    int64_t rows;
  };

  template <int tiles, int rows, typename Sums, int vectors>
  static inline void add_step(const Terms& terms, Sums (&sums)[rows][vectors]) {
    constexpr int kVectorsOfTile = vectors / tiles;
#pragma GCC unroll 1
    for (int64_t row = 0; row < terms.rows; ++row) {
      Ints columns[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        columns[v] = load_terms(terms.b + v / kVectorsOfTile * kTileBytes + row * kLineBytes +
                                v % kVectorsOfTile * static_cast<int64_t>(sizeof(Ints)));
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        const Ints position = splat_terms(terms.a + r * terms.a_step + row * 4);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sums[r][v] = dot(sums[r][v], position, columns[v]);
      }
    }
  }
};

}  // namespace
}  // namespace ridgeline::kernels::lines
