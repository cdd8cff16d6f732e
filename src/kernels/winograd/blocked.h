#pragma once

#include "kernels/conv.h"
#include "kernels/winograd/tile_kernels.h"

/// What a ConvImpl needs, for blocked images: each thread takes some tiles through all three steps, so that
/// what lies between stays in its second-level cache.
namespace ridgeline::kernels::winograd {

/// The products are those of a panel of blocks, the transforms the tiles'.
struct BlockedKernels {
  const TileKernels& tiles;
  const blocked::PanelKernels& panels;
};

Status accepts_blocked(const BlockedKernels& kernels, const ConvDesc& desc);
size_t packed_blocked_bytes(const ConvDesc& desc);
void pack_blocked(const BlockedKernels& kernels, const ConvDesc& desc, const float* weights, void* packed);
size_t blocked_scratch_bytes(const ConvDesc& desc);
void blocked_conv(const BlockedKernels& kernels, const ConvDesc& desc, const ConvArgs& args,
                  ThreadPool& pool);

}  // namespace ridgeline::kernels::winograd
