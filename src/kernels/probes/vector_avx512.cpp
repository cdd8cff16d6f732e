#include "kernels/probes/instruction_sets.h"

static constexpr int kVectorBytes = 64;
#include "kernels/probes/vector_body.h"

namespace ridgeline::kernels {

const VectorLoops kAvx512Loops = {run_fma, kFmaFlops, read_stream, triad_stream};

}  // namespace ridgeline::kernels
