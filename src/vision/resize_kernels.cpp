#include "vision/resize_kernels.h"

#include <algorithm>
#include <array>

namespace ridgeline::vision {
namespace {

constexpr int32_t kHalf = 1 << (kWeightBits - 1);

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255)); }

void weigh_rows(const Taps& taps, const ImageView& in, uint8_t* out) {
  for (int y = 0; y < in.height; ++y, out += taps.ranges.size() * 3) weigh_row_from(0, taps, in.row(y), out);
}

void weigh_columns(const Taps& taps, size_t position, const uint8_t* in, ptrdiff_t pitch,
                   std::span<uint8_t> out) {
  const auto count = static_cast<size_t>(taps.ranges[position].count);
  weigh_columns_from(0, {&taps.weights[taps.at(position)], count}, in, pitch, out);
}

}  // namespace

const ResizeKernels kResizeRef = {weigh_rows, weigh_columns};

const ResizeKernels& resize_kernels_for(const CpuFeatures& cpu) {
  return cpu.avx2 ? kResizeAvx2 : kResizeRef;
}

void weigh_row_from(size_t from, const Taps& taps, const uint8_t* in, uint8_t* out) {
  for (size_t x = from; x < taps.ranges.size(); ++x) {
    const int32_t* weights = &taps.weights[taps.at(x)];
    const uint8_t* source = in + static_cast<ptrdiff_t>(taps.ranges[x].first) * 3;
    std::array<int32_t, 3> sums = {kHalf, kHalf, kHalf};
    for (int tap = 0; tap < taps.ranges[x].count; ++tap, source += 3)
      for (size_t c = 0; c < 3; ++c) sums[c] += weights[tap] * source[c];
    for (size_t c = 0; c < 3; ++c) out[x * 3 + c] = rounded(sums[c]);
  }
}

void weigh_columns_from(size_t from, std::span<const int32_t> weights, const uint8_t* in, ptrdiff_t pitch,
                        std::span<uint8_t> out) {
  for (size_t i = from; i < out.size(); ++i) {
    int32_t sum = kHalf;
    const uint8_t* source = in + i;
    for (const int32_t weight : weights) {
      sum += weight * *source;
      source += pitch;
    }
    out[i] = rounded(sum);
  }
}

}  // namespace ridgeline::vision
