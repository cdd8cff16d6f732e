#include <bit>

namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 4;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/lines/dot_body.h"
#include "kernels/lines/plain_tiles_body.h"
#include "kernels/lines/tiles_body.h"

namespace ridgeline::kernels::lines {
namespace {

class Bf16Tiles : public PlainTiles {
 public:
  template <int sums, int a, int b>
  void dot() {
    for (int row = 0; row < rows_of(sums); ++row)
      for (int pair = 0; pair < 16; ++pair) {
        const uint32_t x = at<uint32_t>(a, row)[pair];
        const auto* const columns = at<uint32_t>(b, pair);
        for (int column = 0; column < kColumns; ++column)
          at<float>(sums, row)[column] += even(x) * even(columns[column]) + odd(x) * odd(columns[column]);
      }
  }

 private:
  /// Of two BF16 beside each other.
  static float even(uint32_t pair) { return std::bit_cast<float>(pair << 16); }
  static float odd(uint32_t pair) { return std::bit_cast<float>(pair & 0xffff0000U); }
};

}  // namespace

const DotKernels& ref_dots() {
  static constexpr DotKernels kKernels{multiply<TileSums<Bf16Tiles>>};
  return kKernels;
}

}  // namespace ridgeline::kernels::lines
