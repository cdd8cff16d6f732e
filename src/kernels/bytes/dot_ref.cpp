namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 4;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/bytes/dot_body.h"
#include "kernels/lines/plain_tiles_body.h"
#include "kernels/lines/tiles_body.h"

namespace ridgeline::kernels::bytes {
namespace {

class ByteTiles : public lines::PlainTiles {
 public:
  template <int sums, int a, int b>
  void dot() {
    constexpr int kTerms = 4;
    for (int row = 0; row < rows_of(sums); ++row)
      for (int four = 0; four < 16; ++four) {
        const auto* const x = at<uint8_t>(a, row) + four * kTerms;
        const auto* const columns = at<int8_t>(b, four);
        for (int i = 0; i < lines::kColumns * kTerms; ++i)
          at<int32_t>(sums, row)[i / kTerms] += int32_t{x[i % kTerms]} * columns[i];
      }
  }
};

}  // namespace

const DotKernels& ref_dots() {
  static constexpr DotKernels kKernels{multiply<lines::TileSums<ByteTiles>>};
  return kKernels;
}

}  // namespace ridgeline::kernels::bytes
