#pragma once

#include "kernels/bytes/conv.h"
#include "kernels/bytes/depthwise_row.h"

/// Convolutions of each channel for itself, of images in lines.
namespace ridgeline::kernels::bytes {

Status accepts_depthwise(const QuantizedConvDesc& desc);
size_t packed_depthwise_bytes(const QuantizedConvDesc& desc);
void pack_depthwise(const QuantizedConvDesc& desc, const int8_t* weights, void* packed);
void depthwise(DepthwiseKernel kernel, const QuantizedConvDesc& desc, const QuantizedConvArgs& args,
               ThreadPool& pool);

}  // namespace ridgeline::kernels::bytes
