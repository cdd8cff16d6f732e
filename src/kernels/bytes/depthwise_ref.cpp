namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 4;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/bytes/depthwise_body.h"

namespace ridgeline::kernels::bytes {
namespace {

struct PlainProducts : ByteProducts {
  /// Of one part: [lane][row].
  static int64_t at(int64_t channel, int64_t row) {
    return (channel / 16 * 4 + channel % 4) * kRowsTogether + row;
  }

  static void interleave(const Line* const (&lines)[kRowsTogether], FourRows& to) {
    for (int64_t channel = 0; channel < kChannels; ++channel)
      for (int64_t row = 0; row < kRowsTogether; ++row)
        steps_of(to.parts + channel / 4 % 4)[at(channel, row)] = steps_of(lines[row])[channel];
  }

  template <int results>
  static Sums<results> sum(const Columns& columns) {
    Sums<results> sums{};
    for (int i = 0; i < results; ++i) add_products(columns, i, sums.of[i]);
    return sums;
  }

  /// Of one result.
  static void add_products(const Columns& columns, int result, int32_t* sums) {
    const int8_t* weights = columns.weights;
    const FourRows* const first = columns.first + result * columns.stride;
    for (int64_t group = 0; group < columns.groups; ++group)
      for (int64_t tap = 0; tap < columns.taps; ++tap, weights += sizeof(FourRows)) {
        const FourRows& rows = first[group * columns.group_step + tap * columns.step];
        for (int64_t channel = 0; channel < kChannels; ++channel)
          for (int64_t row = 0; row < kRowsTogether; ++row) {
            const int64_t part = channel / 4 % 4, at_part = at(channel, row);
            sums[channel] +=
                int32_t{steps_of(rows.parts + part)[at_part]} * weights[part * kLineBytes + at_part];
          }
      }
  }
};

}  // namespace

void ref_depthwise(const DepthwiseRows& rows) {
  multiply_rows<PlainProducts>(rows.first, rows.count, StoredEnds(rows));
}

}  // namespace ridgeline::kernels::bytes
