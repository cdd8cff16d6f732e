namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::blocked {
namespace {
constexpr int kRows = 6, kPanelBlocks = 1;  // 12 sums, 2 columns and a row: 15 of 16 registers
constexpr bool kFetchesAlong = false;       // a term's 12 products are too few
}  // namespace
}  // namespace ridgeline::kernels::blocked

#include "kernels/blocked/every_second_body.h"
#include "kernels/blocked/panel_product_body.h"

namespace ridgeline::kernels::blocked {

const PanelKernels& avx2_panels() {
  static constexpr PanelKernels kPanels{.positions = kRows,
                                        .blocks = kPanelBlocks,
                                        .multiply = multiply,
                                        .copy_every_second = copy_every_second};
  return kPanels;
}

}  // namespace ridgeline::kernels::blocked
