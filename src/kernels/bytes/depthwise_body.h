// Included by one file per instruction set, which sets kernels::vector::kLanes.

#pragma once

#include "kernels/bytes/channel_rows_body.h"
#include "kernels/bytes/depthwise_row.h"
#include "kernels/bytes/steps_body.h"

namespace ridgeline::kernels::bytes {
namespace {

struct ByteProducts {
  /// Of results beside each other.
  template <int results>
  struct alignas(64) Sums {
    int32_t of[results][kChannels];
  };
};

/// Finishes sums that lie in memory.
class StoredEnds {
 public:
  explicit StoredEnds(const DepthwiseRows& rows) : rows_(rows) {}

  template <int results>
  void write(const ByteProducts::Sums<results>& sums, int64_t line) const {
    for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
      const Ints corrections = load_ints(rows_.corrections + lane);
      write_run(rows_.results, {.lane = lane, .line = line, .count = results}, [&](int64_t i) {
        return __builtin_convertvector(load_ints(sums.of[i] + lane) + corrections, Vector);
      });
    }
  }

 private:
  const DepthwiseRows& rows_;
};

}  // namespace
}  // namespace ridgeline::kernels::bytes
