namespace ridgeline::kernels::tile {
namespace {
constexpr int kLanes = 16, kRows = 8, kVectors = 3;  // 24 sums, 3 columns: 27 of 32 registers
}
}  // namespace ridgeline::kernels::tile

#include "kernels/tile/micro_kernel_body.h"

namespace ridgeline::kernels::tile {

const KernelSet& avx512_kernels() {
  static constexpr KernelSet kSet = make_kernels();
  return kSet;
}

}  // namespace ridgeline::kernels::tile
