namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/bytes/depthwise_body.h"
#include "kernels/bytes/line_values_body.h"

namespace ridgeline::kernels::bytes {
namespace {

__m512i load(const void* at) { return _mm512_loadu_si512(at); }
void store(void* at, __m512i x) { _mm512_storeu_si512(at, x); }

class VnniProducts : public ByteProducts {
 public:
  static void interleave(const Line* const (&lines)[kRowsTogether], FourRows& to) {
    const __m512i a = load(lines[0]), b = load(lines[1]), c = load(lines[2]), d = load(lines[3]);
    const __m512i low_first = _mm512_unpacklo_epi8(a, b), high_first = _mm512_unpackhi_epi8(a, b);
    const __m512i low_last = _mm512_unpacklo_epi8(c, d), high_last = _mm512_unpackhi_epi8(c, d);
    store(to.parts, _mm512_unpacklo_epi16(low_first, low_last));
    store(to.parts + 1, _mm512_unpackhi_epi16(low_first, low_last));
    store(to.parts + 2, _mm512_unpacklo_epi16(high_first, high_last));
    store(to.parts + 3, _mm512_unpackhi_epi16(high_first, high_last));
  }

  /// Each vector has four of every sixteen channels.
  template <int results>
  struct QuarteredSums {
    __m512i of[results][4];
  };

  template <int results>
  [[gnu::always_inline]] static QuarteredSums<results> sum(const Columns& columns) {
    QuarteredSums<results> sums{};
    const int8_t* weights = columns.weights;
    for (int64_t group = 0; group < columns.groups; ++group) {
      const FourRows* rows = columns.first + group * columns.group_step;
      for (int64_t tap = 0; tap < columns.taps; ++tap, rows += columns.step, weights += sizeof(FourRows))
#pragma GCC unroll 4
        for (int part = 0; part < 4; ++part) {
          const __m512i weight = load(weights + part * kLineBytes);
#pragma GCC unroll 4
          for (int i = 0; i < results; ++i)
            sums.of[i][part] =
                _mm512_dpbusd_epi32(sums.of[i][part], load(rows[i * columns.stride].parts + part), weight);
        }
    }
    return sums;
  }
};

/// Finishes sums where they are; those that become FP32 or meet a residual by way of memory.
class QuarteredEnds {
 public:
  explicit QuarteredEnds(const DepthwiseRows& rows)
      : out_(rows.results.out),
        finish_(rows.results.finish),
        stays_(rows.results.blocks == nullptr && rows.results.residual == nullptr),
        stored_(rows),
        scale_(load_quartered(rows.results.scale)),
        shift_(load_quartered(rows.results.shift)) {
    float corrections[kChannels];
    std::memcpy(corrections, rows.corrections, sizeof(corrections));
    corrections_ = load_quartered(corrections);
  }

  template <int results>
  [[gnu::always_inline]] void write(const VnniProducts::QuarteredSums<results>& sums, int64_t line) const {
    if (!stays_) {
      ByteProducts::Sums<results> ordered;
#pragma GCC unroll 4
      for (int i = 0; i < results; ++i) store_ordered(sums.of[i], ordered.of[i]);
      stored_.write(ordered, line);
      return;
    }
#pragma GCC unroll 4
    for (int i = 0; i < results; ++i) {
      LineValues values;
#pragma GCC unroll 4
      for (int v = 0; v < kLineVectors; ++v) {
        const Ints sum =
            reinterpret_cast<Ints>(sums.of[i][v]) + reinterpret_cast<Ints>(corrections_.vectors[v]);
        values.vectors[v] = fused(__builtin_convertvector(sum, Vector), scale_.vectors[v], shift_.vectors[v]);
      }
      store_quartered(finish_, values, out_ + (line + i) * kLineBytes);
    }
  }

 private:
  static void store_ordered(const __m512i (&of)[4], int32_t* sums) {
    constexpr int kLow = 0x44, kHigh = 0xee, kEven = 0x88, kOdd = 0xdd;
    const __m512i a = _mm512_shuffle_i32x4(of[0], of[1], kLow), b = _mm512_shuffle_i32x4(of[2], of[3], kLow);
    const __m512i c = _mm512_shuffle_i32x4(of[0], of[1], kHigh),
                  d = _mm512_shuffle_i32x4(of[2], of[3], kHigh);
    store(sums, _mm512_shuffle_i32x4(a, b, kEven));
    store(sums + 16, _mm512_shuffle_i32x4(a, b, kOdd));
    store(sums + 32, _mm512_shuffle_i32x4(c, d, kEven));
    store(sums + 48, _mm512_shuffle_i32x4(c, d, kOdd));
  }

  uint8_t* out_;
  Finish finish_;
  bool stays_;  ///< in registers
  StoredEnds stored_;
  LineValues scale_, shift_, corrections_;
};

}  // namespace

void avx512_vnni_depthwise(const DepthwiseRows& rows) {
  multiply_rows<VnniProducts>(rows.first, rows.count, QuarteredEnds(rows));
}

}  // namespace ridgeline::kernels::bytes
