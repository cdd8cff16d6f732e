// Included by one file per instruction set, which sets kernels::vector::kLanes and gives multiply a class
// Sums.

#pragma once

#include "kernels/blocked/vectors_body.h"
#include "kernels/lines/dot.h"
#include "kernels/lines/numbers_body.h"
#include "kernels/lines/sums_body.h"

namespace ridgeline::kernels::lines {
namespace {

/// What FP32 sums become.
template <Numbers numbers>
class LineEnds {
 public:
  using Sum = float;
  static constexpr bool kIsPair = numbers == Numbers::kBf16Pair;

  explicit LineEnds(const Results& results) : results_(results), finish_(results.activation) {}

  void write(const float* sums, int64_t line) const {
    uint16_t* const out = results_.out[line].numbers;
    const int64_t lo = results_.part_lines * kChannels;
#pragma GCC unroll 8
    for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
      Vector value = vector::load(sums + lane);
      if (results_.bias != nullptr) value += vector::load(results_.bias + lane);
      if (results_.residual != nullptr)
        value += load_numbers<numbers>(results_.residual[line].numbers + lane, lo);
      store_numbers<numbers>(out + lane, lo, blocked::activated(finish_, value));
    }
  }

 private:
  const Results& results_;
  blocked::Finish finish_;
};

template <typename Sums>
void multiply(const DotProduct& product) {
  if (product.numbers == Numbers::kBf16Pair)
    multiply_with<Sums>(product.products, LineEnds<Numbers::kBf16Pair>(product.results));
  else
    multiply_with<Sums>(product.products, LineEnds<Numbers::kBf16>(product.results));
}

}  // namespace
}  // namespace ridgeline::kernels::lines
