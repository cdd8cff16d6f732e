#pragma once

#include "engine/native/step.h"

namespace ridgeline::native {

/// A QuantizedGemm as a pointwise convolution of its rows, each a pixel in lines of bytes (kernels/bytes).
Result<Built> build_byte_product(const BuildContext& context);

}  // namespace ridgeline::native
