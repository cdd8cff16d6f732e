namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::winograd {
namespace {
constexpr int kRows = 6;  // 12 of 16 registers hold sums
}
}  // namespace ridgeline::kernels::winograd

#include "kernels/winograd/rows_body.h"
#include "kernels/winograd/tile_kernels_body.h"

namespace ridgeline::kernels::winograd {

const TileKernels& avx2_tiles() { return kLargeKernels; }
const TileKernels& avx2_small_tiles() { return kSmallKernels; }
const TileKernels& avx2_strided_tiles() { return kStridedKernels; }
const RowKernels& avx2_rows() { return kRowKernels; }

}  // namespace ridgeline::kernels::winograd
