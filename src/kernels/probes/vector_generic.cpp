#include "kernels/probes/instruction_sets.h"

static constexpr int kVectorBytes = 16;
#include "kernels/probes/vector_body.h"

namespace ridgeline::kernels {

const VectorLoops kGenericLoops = {run_fma, kFmaFlops, read_stream, triad_stream};

}  // namespace ridgeline::kernels
