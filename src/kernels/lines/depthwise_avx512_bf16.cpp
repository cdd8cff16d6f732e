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
  static constexpr int64_t kTogether = 2, kChannels = lines::kChannels;

  static void interleave(const Line* const (&lines)[kTogether], Interleaved<kTogether>& to) {
    const __m512i a = load_512(lines[0]), b = load_512(lines[1]);
    _mm512_storeu_si512(to.parts, _mm512_unpacklo_epi16(a, b));
    _mm512_storeu_si512(to.parts + 1, _mm512_unpackhi_epi16(a, b));
  }

  /// Each vector has four of every eight channels.
  template <int results>
  struct HalvedSums {
    Vector of[results][2];
  };

  template <int results>
  [[gnu::always_inline]] static HalvedSums<results> sum(const Columns<Bf16Products>& columns) {
    HalvedSums<results> sums{};
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
            sums.of[i][part] = reinterpret_cast<Vector>(_mm512_dpbf16_ps(
                reinterpret_cast<__m512>(sums.of[i][part]), reinterpret_cast<__m512bh>(numbers), weight));
          }
        }
    }
    return sums;
  }
};

/// Finishes bounded sums where they are; those that are curved or meet a residual by way of memory.
class HalvedEnds {
 public:
  explicit HalvedEnds(const Results& results)
      : out_(results.out),
        finish_(results.activation),
        stays_(finish_.is_bounded() && results.residual == nullptr),
        stored_(results) {
    for (int64_t i = 0; i < kChannels && results.bias != nullptr; ++i)
      bias_[i / 4 % 2][i / 8 * 4 + i % 4] = results.bias[i];
  }

  template <int results>
  [[gnu::always_inline]] void write(const Bf16Products::HalvedSums<results>& sums, int64_t line) const {
    if (!stays_) {
      alignas(64) float ordered[results][kChannels];
#pragma GCC unroll 4
      for (int i = 0; i < results; ++i) store_ordered(sums.of[i], ordered[i]);
      stored_.write(ordered[0], line, results);
      return;
    }
    const Vector low = vector::splat(finish_.clamp.low), high = vector::splat(finish_.clamp.high);
#pragma GCC unroll 4
    for (int i = 0; i < results; ++i) {
      const auto end = [&](int half) {
        return reinterpret_cast<__m512>(vector::clamped(sums.of[i][half] + bias_[half], low, high));
      };
      const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(end(1), end(0)));
      const __m512i in_order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
      _mm512_storeu_si512(out_ + line + i, _mm512_maskz_permutexvar_epi64(0xff, in_order, halves));
    }
  }

 private:
  static void store_ordered(const Vector (&of)[2], float* sums) {
    const __m512i first = _mm512_setr_epi32(0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23),
                  second = _mm512_setr_epi32(8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    const auto low = reinterpret_cast<__m512>(of[0]), high = reinterpret_cast<__m512>(of[1]);
    _mm512_store_ps(sums, _mm512_permutex2var_ps(low, first, high));
    _mm512_store_ps(sums + 16, _mm512_permutex2var_ps(low, second, high));
  }

  Line* out_;
  blocked::Finish finish_;
  bool stays_;  ///< in registers
  LineEnds<Numbers::kBf16> stored_;
  Vector bias_[2] = {};
};

}  // namespace

void avx512_bf16_depthwise(const DotRows& rows) {
  multiply_rows<Bf16Products>(rows.first, rows.count, HalvedEnds(rows.results));
}

}  // namespace ridgeline::kernels::lines
