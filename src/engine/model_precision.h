#pragma once

#include "engine/engine.h"

namespace ridgeline {

/// What a model's weights and ops already are: int8 when it quantizes or dequantizes anywhere, else the float
/// type that most weight elements have (fp32, fp16 or bf16; fp32 without float weights). Engines that compile
/// a model's own bytes run just that.
Precision stored_precision(const Graph& graph);

}  // namespace ridgeline
