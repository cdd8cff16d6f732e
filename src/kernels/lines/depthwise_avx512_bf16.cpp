namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/lines/channel_rows_body.h"
#include "kernels/lines/depthwise_dots.h"
#include "kernels/lines/dot_body.h"

namespace ridgeline::kernels::lines {
namespace {

__m512i load_512(const void* at) { return _mm512_loadu_si512(at); }

struct Bf16Products {
  using Number = uint16_t;
  using Sum = float;
  static constexpr int64_t kTogether = 2, kChannels = lines::kChannels;

  static void interleave(const Line* const (&lines)[kTogether], Interleaved<kTogether>& to) {
    const __m512i a = load_512(lines[0]), b = load_512(lines[1]);
    _mm512_storeu_si512(to.parts, _mm512_unpacklo_epi16(a, b));
    _mm512_storeu_si512(to.parts + 1, _mm512_unpackhi_epi16(a, b));
  }

  /// Last, each sixteen channels' halves are brought together.
  template <int results>
  static void sum(const Columns<Bf16Products>& columns, float* sums) {
    __m512 of[results][2] = {};
    const uint16_t* weights = columns.weights;
    for (int64_t group = 0; group < columns.groups; ++group) {
      const Interleaved<kTogether>* rows = columns.first + group * columns.group_step;
      for (int64_t tap = 0; tap < columns.taps; ++tap, rows += columns.step, weights += 2 * kChannels)
#pragma GCC unroll 2
        for (int part = 0; part < 2; ++part) {
          const auto weight = reinterpret_cast<__m512bh>(load_512(weights + part * kChannels));
#pragma GCC unroll 4
          for (int i = 0; i < results; ++i) {
            const __m512i numbers = load_512(rows[i * columns.stride].parts + part);
            of[i][part] = _mm512_dpbf16_ps(of[i][part], reinterpret_cast<__m512bh>(numbers), weight);
          }
        }
    }
    const __m512i first = _mm512_setr_epi32(0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23),
                  second = _mm512_setr_epi32(8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
#pragma GCC unroll 4
    for (int i = 0; i < results; ++i, sums += kChannels) {
      _mm512_storeu_ps(sums, _mm512_permutex2var_ps(of[i][0], first, of[i][1]));
      _mm512_storeu_ps(sums + 16, _mm512_permutex2var_ps(of[i][0], second, of[i][1]));
    }
  }
};

}  // namespace

void avx512_bf16_depthwise(const DotRow& row) {
  const LineEnds<Numbers::kBf16> ends(row.results);
  multiply_row<Bf16Products>(
      row.row, [&](const float* sums, int64_t first, int64_t count) { ends.write(sums, first, count); });
}

}  // namespace ridgeline::kernels::lines
