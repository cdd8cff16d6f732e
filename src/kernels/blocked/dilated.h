#pragma once

#include "kernels/blocked/panel_product.h"
#include "kernels/conv.h"

/// Convolutions whose taps lie apart, as the products of pixels that each tap has with an image shifted by
/// it, for those outputs alone which that tap has pixels for: where taps lie as far apart as an image is
/// high, most of them meet padding. Blocked images over two axes, of stride 1 and one group.
namespace ridgeline::kernels::blocked {

/// Positions that are multiplied, of all taps.
int64_t positions_inside(const Window& window);

Status accepts_dilated(const ConvDesc& desc);
size_t packed_dilated_bytes(const ConvDesc& desc);
void pack_dilated(const PanelKernels& kernels, const ConvDesc& desc, const float* weights, void* packed);
void dilated(const PanelKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::blocked
