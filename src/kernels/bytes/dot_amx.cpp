namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/bytes/dot_body.h"
#include "kernels/lines/amx_tiles_body.h"
#include "kernels/lines/tiles_body.h"

namespace ridgeline::kernels::bytes {
namespace {

class ByteTiles : public lines::AmxTiles {
 public:
  template <int sums, int a, int b>
  void dot() {
    __asm__ volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(sums), "i"(a), "i"(b));
  }
};

}  // namespace

const DotKernels& amx_dots() {
  static constexpr DotKernels kKernels{multiply<lines::TileSums<ByteTiles>>};
  return kKernels;
}

}  // namespace ridgeline::kernels::bytes
