namespace ridgeline::kernels::vector {
namespace {
constexpr int kLanes = 16;
}
}  // namespace ridgeline::kernels::vector

#include "kernels/winograd/read_tiles_body.h"
#include "kernels/winograd/write_tiles_body.h"

namespace ridgeline::kernels::winograd {
namespace {

constexpr LineTileKernels kKernels{.read_inputs = read_inputs<LargeTile, uint16_t>,
                                   .write_results = write_lines<LargeTile>};

}  // namespace

const LineTileKernels& avx512_bf16_tiles() { return kKernels; }

}  // namespace ridgeline::kernels::winograd
