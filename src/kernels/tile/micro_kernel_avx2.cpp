namespace ridgeline::kernels::tile {
namespace {
constexpr int kLanes = 8, kRows = 4, kVectors = 3;  // 12 sums, 3 columns and one row: all 16 registers
}
}  // namespace ridgeline::kernels::tile

#include "kernels/tile/micro_kernel_body.h"

namespace ridgeline::kernels::tile {

const KernelSet& avx2_kernels() {
  static constexpr KernelSet kSet = make_kernels();
  return kSet;
}

}  // namespace ridgeline::kernels::tile
