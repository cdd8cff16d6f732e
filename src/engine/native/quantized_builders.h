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

/// A LookupMean's and a LookupProduct's, but for their tables.
kernels::ref::LookupMeanDesc describe_lookup_mean(const Node& node, const Shape& x);
kernels::ref::LookupProductDesc describe_lookup_product(const Node& node, const Shape& x);

/// Their tables, kept with the plan; `factors` are in steps of the result, and null for a mean. What steps
/// are exclusive-ored with says how they are counted.
struct LookupTables {
  const float* values;
  const float* factors;
};
struct LookupFlips {
  uint8_t values = 0, factors = 0;
};
/// kUnsupported, naming the node, unless its operands are what the passes make them.
Result<LookupTables> keep_tables(const BuildContext& context, LookupFlips flips);

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
