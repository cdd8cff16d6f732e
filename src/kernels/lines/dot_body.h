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

  void write(const float* sums, int64_t line, int64_t count) const {
    const Vector low = vector::splat(finish_.clamp.low), high = vector::splat(finish_.clamp.high);
    if (finish_.is_bounded())
      write_run(sums, {line, count}, [&](Vector value) { return vector::clamped(value, low, high); });
    else
      write_run(sums, {line, count}, [&](Vector value) { return blocked::activated(finish_, value); });
  }

 private:
  struct Run {
    int64_t line, count;
  };

  /// What all lines share is copied first, since numbers that are stored might lie over it as far as a
  /// compiler knows.
  template <typename Activate>
  void write_run(const float* sums, const Run& run, const Activate& activate) const {
    const int64_t lo = results_.part_lines * kChannels;
    for (int64_t lane = 0; lane < kChannels; lane += kLanes) {
      const Vector bias = results_.bias == nullptr ? Vector{} : vector::load(results_.bias + lane);
      uint16_t* const out = results_.out[run.line].numbers + lane;
      const uint16_t* const residual =
          results_.residual == nullptr ? nullptr : results_.residual[run.line].numbers + lane;
      for (int64_t i = 0; i < run.count; ++i) {
        Vector value = vector::load(sums + i * kPanelColumns + lane) + bias;
        if (residual != nullptr) value += load_numbers<numbers>(residual + i * kChannels, lo);
        store_numbers<numbers>(out + i * kChannels, lo, activate(value));
      }
    }
  }

  const Results& results_;
  blocked::Finish finish_;
};

template <typename Sums>
void multiply_singles(const DotProduct& product) {
  multiply_with<Sums>(product.products, LineEnds<Numbers::kBf16>(product.results));
}

template <typename Sums>
void multiply(const DotProduct& product) {
  if (product.numbers == Numbers::kBf16Pair)
    multiply_with<Sums>(product.products, LineEnds<Numbers::kBf16Pair>(product.results));
  else
    multiply_singles<Sums>(product);
}

}  // namespace
}  // namespace ridgeline::kernels::lines
