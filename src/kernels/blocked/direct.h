#pragma once

#include "kernels/blocked/panel_product.h"
#include "kernels/conv.h"

/// Convolutions over two axes, of any groups but one for each channel, of any kernel, stride, dilation and
/// padding, as sums of products in the order of their definition. Blocked images but for inputs of few
/// channels (takes_planes), which lie as ONNX has them.
namespace ridgeline::kernels::blocked {

/// Images of so few channels that blocks would be empty for the most part.
bool takes_planes(const ConvDesc& desc);

Status accepts_direct(const PanelKernels& kernels, const ConvDesc& desc);
/// Where no sums are stored before they are whole.
bool direct_replaces_residual(const PanelKernels& kernels, const ConvDesc& desc);
size_t packed_direct_bytes(const PanelKernels& kernels, const ConvDesc& desc);
void pack_direct(const PanelKernels& kernels, const ConvDesc& desc, const float* weights, void* packed);
void direct(const PanelKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::blocked
