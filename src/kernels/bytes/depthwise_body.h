// Included by one file per instruction set, which sets kernels::vector::kLanes and gives depthwise_row a
// class Products.

#pragma once

#include "kernels/bytes/depthwise_row.h"
#include "kernels/bytes/steps_body.h"
#include "kernels/lines/channel_rows_body.h"

namespace ridgeline::kernels::bytes {
namespace {

using FourRows = lines::Interleaved<kRowsTogether>;

struct ByteProducts {
  using Number = int8_t;
  using Sum = int32_t;
  static constexpr int64_t kTogether = kRowsTogether, kChannels = bytes::kChannels;
};

template <typename Products>
void depthwise_row(const DepthwiseRow& row) {
  lines::multiply_row<Products>(row.row, [&](const int32_t* sums, int64_t first, int64_t count) {
    for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
      const Ints corrections = load_ints(row.corrections + lane);
      write_run(row.results, {.lane = lane, .line = first, .count = count}, [&](int64_t i) {
        return __builtin_convertvector(load_ints(sums + i * kChannels + lane) + corrections, Vector);
      });
    }
  });
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
