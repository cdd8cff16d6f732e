#pragma once

#include "kernels/bytes/byte_line.h"
#include "kernels/quantized/conv.h"

/// Convolutions over two axes, of any kernel, stride, dilation and padding, with one group or as many as
/// channels, of images in lines, but for inputs of few channels (takes_planes), which lie as ONNX has them.
/// Results are lines, or FP32 blocks (kernels/blocked), and the bits of ref::quantized_conv.
namespace ridgeline::kernels::bytes {

using quantized::QuantizedConvArgs;
using quantized::QuantizedConvDesc;
using quantized::QuantizedConvImpl;

/// Best first; the last runs those with one group on any CPU.
std::span<const QuantizedConvImpl> conv_impls();

/// Images of so few channels that lines would be empty for the most part, under windows of several taps.
bool takes_planes(const QuantizedConvDesc& desc);

/// Ok where sums of bytes are faster than FP32's, or what `cpu` lacks.
Status are_fast(const CpuFeatures& cpu);

}  // namespace ridgeline::kernels::bytes
