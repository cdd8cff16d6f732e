#pragma once

#include "engine/native/conv_builders.h"
#include "kernels/quantized/conv.h"
#include "kernels/ref/quantized.h"

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

/// A QuantizedGemm as a convolution of images of one pixel, a batch of its rows.
kernels::quantized::QuantizedConvDesc describe_quantized_gemm(const BuildContext& context);

/// A QuantizedAdd's, for operands of these types.
kernels::ref::QuantizedAddDesc describe_quantized_add(const Node& node, DType a, DType b);

/// A QuantizedAveragePool's. kUnsupported, naming the node, for ranks that no kernel takes.
Result<kernels::ref::QuantizedAverageDesc> describe_quantized_average(const Node& node, const Shape& x,
                                                                      DType dtype);

/// kUnsupported, naming the node, unless a QuantizedConv's or a QuantizedGemm's operands are what the passes
/// make them.
Status check_quantized_operands(const BuildContext& context);

/// The chosen implementation's step of a QuantizedConv or QuantizedGemm, for inputs and outputs that lie as
/// it wants them.
Result<Built> build_quantized_conv(const BuildContext& context,
                                   const kernels::quantized::QuantizedConvDesc& desc,
                                   kernels::Choice<kernels::quantized::QuantizedConvImpl> choice);

/// [scale…, shift…] of the sums of all channels, kept with the plan.
Result<const float*> keep_scales(const BuildContext& context, int64_t channels);

}  // namespace ridgeline::native
