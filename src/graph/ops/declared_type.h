#pragma once

#include "graph/ops/infer_context.h"

namespace ridgeline::ops {

/// What a ridgeline operator's attribute "y_type" names.
Result<DType> declared_type(const InferContext& context);

}  // namespace ridgeline::ops
