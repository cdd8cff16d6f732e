// Included by one file per instruction set, which sets kernels::vector::kLanes and gives multiply a class
// Sums.

#pragma once

#include "kernels/bytes/dot.h"
#include "kernels/bytes/panel_results_body.h"
#include "kernels/lines/sums_body.h"

namespace ridgeline::kernels::bytes {
namespace {

/// What whole sums become.
class ByteEnds {
 public:
  using Sum = int32_t;
  static constexpr bool kIsPair = false;

  explicit ByteEnds(const DotProduct& product) : product_(product) {}

  void write(const int32_t* sums, int64_t line, int64_t count) const {
#ifdef __AVX512BW__
    if (product_.results.blocks == nullptr) return write_steps(sums, line, count);
#endif
    for (int64_t lane = 0; lane < lines::kPanelColumns; lane += kLanes) {
      const Ints corrections = load_ints(product_.corrections + lane);
      write_run(product_.results, {.lane = lane, .line = line, .count = count}, [&](int64_t i) {
        return __builtin_convertvector(load_ints(sums + i * lines::kPanelColumns + lane) + corrections,
                                       Vector);
      });
    }
  }

 private:
#ifdef __AVX512BW__
  void write_steps(const int32_t* sums, int64_t line, int64_t count) const {
    const Ints corrections[] = {load_ints(product_.corrections), load_ints(product_.corrections + kLanes)};
    write_panel(product_.results, line, count, [&](int64_t i, int64_t lane) {
      const Ints sum = load_ints(sums + i * lines::kPanelColumns + lane);
      return __builtin_convertvector(sum + corrections[lane / kLanes], Vector);
    });
  }
#endif

  const DotProduct& product_;
};

template <typename Sums>
void multiply(const DotProduct& product) {
  lines::multiply_with<Sums>(product.products, ByteEnds(product));
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
