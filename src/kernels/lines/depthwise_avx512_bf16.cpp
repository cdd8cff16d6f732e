namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::blocked {
namespace {
constexpr int kColumns = 7;  // as with FP32's blocks: one half of the sums waits in memory for the other
}
}  // namespace ridgeline::kernels::blocked

#include "kernels/blocked/patches_body.h"
#include "kernels/lines/depthwise_patches.h"
#include "kernels/lines/dot_body.h"

namespace ridgeline::kernels::lines {
namespace {

using vector::Ints;

/// As sum_patch reads even channels or odd ones: BF16 numbers are the upper halves of FP32 numbers.
template <int odd>
struct HalfOfLines {
  using At = const Line*;
  static constexpr int64_t kStep = 1;
  static Vector load(const Line* from) {
    const auto both = reinterpret_cast<Ints>(_mm512_loadu_si512(from));
    return reinterpret_cast<Vector>(odd != 0 ? both & static_cast<int32_t>(0xffff0000) : both << 16);
  }

  const Line* at;
  const float* weights;
  Vector tap(int64_t index) const { return vector::load(weights + index * kChannels + odd * kChannels / 2); }
};

/// Finishes bounded sums where they are; those that are curved or meet a residual by way of memory.
class HalvedEnds {
 public:
  explicit HalvedEnds(const Results& results)
      : out_(results.out),
        finish_(results.activation),
        stays_(finish_.is_bounded() && results.residual == nullptr),
        stored_(results) {
    for (int64_t i = 0; i < kChannels && results.bias != nullptr; ++i) bias_[i % 2][i / 2] = results.bias[i];
  }

  template <int columns>
  [[gnu::always_inline]] void write(const Vector (&even)[columns], const Vector (&odd)[columns],
                                    int64_t line) const {
    if (!stays_) {
      alignas(64) float ordered[columns][kChannels];
#pragma GCC unroll 8
      for (int i = 0; i < columns; ++i) store_ordered(even[i], odd[i], ordered[i]);
      stored_.write(ordered[0], line, columns);
      return;
    }
    const Vector low = vector::splat(finish_.clamp.low), high = vector::splat(finish_.clamp.high);
    const Vector even_bias = bias_[0], odd_bias = bias_[1];
    const __m512i in_turn = _mm512_loadu_si512(kInTurn);
    Line* const out = out_ + line;
#pragma GCC unroll 8
    for (int i = 0; i < columns; ++i) {
      const auto first = reinterpret_cast<__m512>(vector::clamped(even[i] + even_bias, low, high)),
                 second = reinterpret_cast<__m512>(vector::clamped(odd[i] + odd_bias, low, high));
      const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first));
      _mm512_storeu_si512(out + i, _mm512_maskz_permutexvar_epi16(0xffffffff, in_turn, halves));
    }
  }

 private:
  /// One of the first half, one of the second, and so on.
  static constexpr uint16_t kInTurn[kChannels] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                  21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                  11, 27, 12, 28, 13, 29, 14, 30, 15, 31};

  static void store_ordered(Vector even, Vector odd, float* sums) {
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
                  second = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const auto low = reinterpret_cast<__m512>(even), high = reinterpret_cast<__m512>(odd);
    _mm512_store_ps(sums, _mm512_permutex2var_ps(low, first, high));
    _mm512_store_ps(sums + 16, _mm512_permutex2var_ps(low, second, high));
  }

  Line* out_;
  blocked::Finish finish_;
  bool stays_;  ///< in registers
  LineEnds<Numbers::kBf16> stored_;
  Vector bias_[2] = {};
};

struct LinePatch {
  using Rows = LineRows;
  using Ends = HalvedEnds;

  template <typename Across, int rows, int columns>
  static void make(const LineRows& all, int64_t row, int64_t column, const HalvedEnds& ends) {
    const Window& w = all.window;
    Vector even[rows][columns] = {}, odd[rows][columns] = {};
    blocked::sum_patch<Across>(w, all.first + row, column, HalfOfLines<0>{all.plane, all.weights}, even);
    blocked::sum_patch<Across>(w, all.first + row, column, HalfOfLines<1>{all.plane, all.weights}, odd);
#pragma GCC unroll 2
    for (int r = 0; r < rows; ++r) ends.write(even[r], odd[r], (row + r) * w.out[2] + column);
  }
};

}  // namespace

void avx512_bf16_depthwise(const LineRows& rows, const Results& results) {
  blocked::make_patches<LinePatch>(rows, HalvedEnds(results));
}

}  // namespace ridgeline::kernels::lines
