namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::blocked {
namespace {
constexpr int kRows = 14, kPanelBlocks = 2;  // 28 sums, 2 columns and a row: 31 of 32 registers
constexpr bool kFetchesAlong = true;
}  // namespace
}  // namespace ridgeline::kernels::blocked

#include "kernels/blocked/every_second_body.h"
#include "kernels/blocked/panel_product_body.h"

namespace ridgeline::kernels::blocked {

const PanelKernels& avx512_panels() {
  static constexpr PanelKernels kPanels{.positions = kRows,
                                        .blocks = kPanelBlocks,
                                        .multiply = multiply,
                                        .copy_every_second = copy_every_second};
  return kPanels;
}

}  // namespace ridgeline::kernels::blocked
