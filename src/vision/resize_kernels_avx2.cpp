#include <cstring>
#include <immintrin.h>

#include "vision/resize_kernels.h"

// Compiled for AVX2, run only where the CPU has it.

namespace ridgeline::vision {
namespace {

constexpr int kRowsAtOnce = 4;

/// Sums of 16-bit products of both halves of the weights.
struct Sums {
  __m256i high = _mm256_setzero_si256();
  __m256i low = _mm256_setzero_si256();

  void add(__m256i pixels, __m256i high_weights, __m256i low_weights) {
    high = _mm256_add_epi32(high, _mm256_madd_epi16(pixels, high_weights));
    low = _mm256_add_epi32(low, _mm256_madd_epi16(pixels, low_weights));
  }
  __m256i total() const { return _mm256_add_epi32(_mm256_slli_epi32(high, Taps::kLowBits), low); }
};

__m256i load_pair(const int16_t* weights) {
  int32_t pair = 0;
  std::memcpy(&pair, weights, sizeof pair);
  return _mm256_set1_epi32(pair);
}

/// Weights 0 and 1 in each element of the lower half, 2 and 3 in the upper.
__m256i load_group(const int16_t* weights) {
  const __m128i group = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(weights));
  return _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(group),
                                     _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
}

/// Four pixels of 16 bytes as 16-bit numbers: R R G G B B of the first two in the lower half, of the others
/// in the upper.
__m256i load_pixels(const uint8_t* pixels) {
  const __m256i shuffle = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                                           6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), shuffle);
}

/// R, G, B, – of one pixel, rounded to 8 bits but not yet clamped.
__m128i pixel_of(const Sums& sums) {
  const __m256i total = sums.total();
  const __m128i both = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
  return _mm_srai_epi32(_mm_add_epi32(both, _mm_set1_epi32(1 << (kWeightBits - 1))), kWeightBits);
}

/// Positions from the left whose groups of four pixels, and the bytes read with them, end within a row.
size_t positions_within(const Taps& taps, int width) {
  constexpr int kReadPastPixels = 2;  // a load has 16 bytes, of which 12 are pixels
  size_t count = taps.ranges.size();
  const auto reaches_out = [&](const Taps::Range& range) {
    const int groups = (range.count + Taps::kGroup - 1) / Taps::kGroup;
    return range.first + groups * Taps::kGroup + kReadPastPixels > width;
  };
  while (count > 0 && reaches_out(taps.ranges[count - 1])) --count;
  // The last pixel of a row has no room for the fourth byte of its store.
  return count < taps.ranges.size() ? count : count - 1;
}

/// Four rows at once, which share the loads of weights.
void weigh_four_rows(const Taps& taps, size_t positions, const uint8_t* in, ptrdiff_t in_pitch,
                     uint8_t* out) {
  const size_t out_pitch = taps.ranges.size() * 3;
  for (size_t x = 0; x < positions; ++x) {
    const uint8_t* source = in + static_cast<ptrdiff_t>(taps.ranges[x].first) * 3;
    const int16_t* high = &taps.high[taps.at(x)];
    const int16_t* low = &taps.low[taps.at(x)];
    Sums rows[kRowsAtOnce];
    for (int tap = 0; tap < taps.ranges[x].count; tap += Taps::kGroup) {
      const __m256i high_weights = load_group(high + tap);
      const __m256i low_weights = load_group(low + tap);
      for (int row = 0; row < kRowsAtOnce; ++row)
        rows[row].add(load_pixels(source + row * in_pitch + tap * ptrdiff_t{3}), high_weights, low_weights);
    }
    const __m128i upper = _mm_packs_epi32(pixel_of(rows[0]), pixel_of(rows[1]));
    const __m128i lower = _mm_packs_epi32(pixel_of(rows[2]), pixel_of(rows[3]));
    alignas(16) uint8_t pixels[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(pixels), _mm_packus_epi16(upper, lower));
    for (size_t row = 0; row < kRowsAtOnce; ++row)
      std::memcpy(out + row * out_pitch + x * 3, pixels + row * 4, 4);
  }
}

void weigh_rows(const Taps& taps, const ImageView& in, uint8_t* out) {
  const size_t positions = positions_within(taps, in.width);
  const size_t out_pitch = taps.ranges.size() * 3;
  int y = 0;
  for (; y + kRowsAtOnce <= in.height; y += kRowsAtOnce)
    weigh_four_rows(taps, positions, in.row(y), in.pitch, out + static_cast<size_t>(y) * out_pitch);
  for (int row = 0; row < in.height; ++row)
    weigh_row_from(row < y ? positions : 0, taps, in.row(row), out + static_cast<size_t>(row) * out_pitch);
}

/// Bytes of two rows as alternating 16-bit numbers.
__m256i alternate(__m128i above, __m128i below, bool upper_half) {
  return _mm256_cvtepu8_epi16(upper_half ? _mm_unpackhi_epi8(above, below) : _mm_unpacklo_epi8(above, below));
}

__m256i rounded(const Sums& sums) {
  return _mm256_srai_epi32(_mm256_add_epi32(sums.total(), _mm256_set1_epi32(1 << (kWeightBits - 1))),
                           kWeightBits);
}

void weigh_columns(const Taps& taps, size_t position, const uint8_t* in, ptrdiff_t pitch,
                   std::span<uint8_t> out) {
  const auto count = static_cast<size_t>(taps.ranges[position].count);
  const int16_t* high = &taps.high[taps.at(position)];
  const int16_t* low = &taps.low[taps.at(position)];
  size_t i = 0;
  for (; i + 16 <= out.size(); i += 16) {
    Sums first, second;
    const uint8_t* source = in + i;
    for (size_t tap = 0; tap < count; tap += 2) {
      const __m128i above = _mm_loadu_si128(reinterpret_cast<const __m128i*>(source));
      // An odd last row is weighed with itself and zero.
      const uint8_t* next = tap + 1 < count ? source + pitch : source;
      const __m128i below = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
      const __m256i high_weights = load_pair(high + tap);
      const __m256i low_weights = load_pair(low + tap);
      first.add(alternate(above, below, false), high_weights, low_weights);
      second.add(alternate(above, below, true), high_weights, low_weights);
      source += 2 * pitch;
    }
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(rounded(first), rounded(second)), 0xd8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out.data() + i), bytes);
  }
  weigh_columns_from(i, {&taps.weights[taps.at(position)], count}, in, pitch, out);
}

}  // namespace

const ResizeKernels kResizeAvx2 = {weigh_rows, weigh_columns};

}  // namespace ridgeline::vision
