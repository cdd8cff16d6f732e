#pragma once

#include "engine/native/conv_builders.h"
#include "kernels/quantized/conv.h"

namespace ridgeline::native {

/// What a QuantizedConv is described by.
struct QuantizedConvNode {
  const Node& node;
  const TensorView& x;
  const Shape& weights;
  DType residual = DType::kU8;
  DType out = DType::kU8;
  int threads = 1;
};
/// kUnsupported, naming the node, for ranks that no kernel takes.
Result<kernels::quantized::QuantizedConvDesc> describe_quantized(const QuantizedConvNode& conv);

}  // namespace ridgeline::native
