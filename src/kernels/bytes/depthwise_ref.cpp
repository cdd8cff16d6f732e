namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 4;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/bytes/depthwise_body.h"

namespace ridgeline::kernels::bytes {
namespace {

struct PlainProducts {
  static uint8_t* step_at(Four& four, int64_t channel, int64_t row) {
    return steps_of(four.quarters + channel / 4 % 4) + (channel / 16 * 4 + channel % 4) * kTapsTogether + row;
  }

  static void interleave(const Line* const (&lines)[kTapsTogether], Four& four) {
    for (int64_t channel = 0; channel < kChannels; ++channel)
      for (int64_t row = 0; row < kTapsTogether; ++row)
        *step_at(four, channel, row) = steps_of(lines[row])[channel];
  }

  static void sum(const Fours& fours, int32_t* sums) {
    std::copy_n(fours.corrections, kChannels, sums);
    const int8_t* weights = fours.weights;
    for (int64_t row = 0; row < fours.rows; ++row)
      for (int64_t tap = 0; tap < fours.taps; ++tap, weights += sizeof(Four)) {
        const Four& four = fours.first[row * fours.row_step + tap * fours.step];
        const auto* const steps = steps_of(four.quarters);
        for (int64_t i = 0; i < static_cast<int64_t>(sizeof(Four)); ++i) {
          const int64_t quarter = i / kLineBytes, lane = i % kLineBytes / kTapsTogether;
          sums[lane / 4 * 16 + quarter * 4 + lane % 4] += int32_t{steps[i]} * weights[i];
        }
      }
  }
};

}  // namespace

void ref_depthwise(const DepthwiseRow& row) { multiply_row<PlainProducts>(row); }

}  // namespace ridgeline::kernels::bytes
