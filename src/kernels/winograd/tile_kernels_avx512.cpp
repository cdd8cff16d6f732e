namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

namespace ridgeline::kernels::winograd {
namespace {
constexpr int kRows = 14;  // 28 of 32 registers hold sums
}
}  // namespace ridgeline::kernels::winograd

#include "kernels/winograd/rows_body.h"
#include "kernels/winograd/tile_kernels_body.h"

namespace ridgeline::kernels::winograd {

const TileKernels& avx512_tiles() { return kLargeKernels; }
const TileKernels& avx512_small_tiles() { return kSmallKernels; }
const TileKernels& avx512_strided_tiles() { return kStridedKernels; }
const RowKernels& avx512_rows() { return kRowKernels; }

}  // namespace ridgeline::kernels::winograd
