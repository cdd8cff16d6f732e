#pragma once

#include "engine/native/step.h"

namespace ridgeline::native {

/// Whether a node is a product of rows with a constant matrix that BF16 serves: a Gemm or MatMul whose bias,
/// if any, is a row. Where it is narrow, fewer bytes of weights have to come from memory.
bool is_line_product(const BuildContext& context);

/// Its step: rows become lines, each a pixel of an image whose channels are the terms, and a pointwise
/// convolution multiplies them.
Result<Built> build_line_product(const BuildContext& context);

}  // namespace ridgeline::native
