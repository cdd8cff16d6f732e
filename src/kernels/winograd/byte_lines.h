#pragma once

#include "kernels/bytes/conv.h"
#include "kernels/winograd/byte_tiles.h"

/// What a QuantizedConvImpl needs, for images in lines of bytes: tiles are transformed and multiplied in
/// numbers of 16 bits, whose products large tiles make so few that dot products of bytes take longer. Results
/// have the bits of those.
namespace ridgeline::kernels::winograd {

/// Refuses sums that might not fit, and what dot products are expected to compute sooner.
Status accepts_byte_lines(const ByteTileKernels& kernels, const quantized::QuantizedConvDesc& desc,
                          const Rates& rates);
size_t packed_byte_lines_bytes(const ByteTileKernels& kernels, const quantized::QuantizedConvDesc& desc);
void pack_byte_lines(const ByteTileKernels& kernels, const quantized::QuantizedConvDesc& desc,
                     const int8_t* weights, void* packed);
size_t byte_lines_scratch_bytes(const ByteTileKernels& kernels, const quantized::QuantizedConvDesc& desc);
void byte_lines_conv(const ByteTileKernels& kernels, const quantized::QuantizedConvDesc& desc,
                     const quantized::QuantizedConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::winograd
