namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/lines/amx_tiles_body.h"
#include "kernels/lines/dot_body.h"
#include "kernels/lines/tiles_body.h"

namespace ridgeline::kernels::lines {
namespace {

class Bf16Tiles : public AmxTiles {
 public:
  template <int sums, int a, int b>
  void dot() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(sums), "i"(a), "i"(b));
  }
};

}  // namespace

const DotKernels& amx_dots() {
  static constexpr DotKernels kKernels{multiply<TileSums<Bf16Tiles>>};
  return kKernels;
}

}  // namespace ridgeline::kernels::lines
