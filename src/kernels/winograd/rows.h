#pragma once

#include "kernels/blocked/panel_product.h"
#include "kernels/conv.h"
#include "kernels/winograd/row_kernels.h"

/// What a ConvImpl needs, for images that lie as ONNX has them and results in blocks.
namespace ridgeline::kernels::winograd {

struct PlaneKernels {
  const RowKernels& rows;
  const blocked::PanelKernels& panels;
};

/// First layers whose rows have kRowTaps taps and stride kRowStride.
Status accepts_rows(const ConvDesc& desc);
size_t packed_rows_bytes(const ConvDesc& desc);
void pack_rows(const PlaneKernels& kernels, const ConvDesc& desc, const float* weights, void* packed);
void rows_conv(const PlaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::winograd
