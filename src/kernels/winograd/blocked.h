#pragma once

#include "kernels/winograd/schedule.h"

/// What a ConvImpl needs, for blocked images.
namespace ridgeline::kernels::winograd {

/// Ok for the layers that tiles can compute.
Status accepts_shape(const BlockedKernels& kernels, const ConvDesc& desc);
/// Refuses what `other` kernels, of tiles of another size (or the same, where there is one), or a direct sum
/// are expected to compute sooner.
Status accepts_blocked(const BlockedKernels& kernels, const BlockedKernels& other, const ConvDesc& desc,
                       const Rates& rates);
size_t packed_blocked_bytes(const BlockedKernels& kernels, const ConvDesc& desc);
void pack_blocked(const BlockedKernels& kernels, const ConvDesc& desc, const float* weights, void* packed);
size_t blocked_scratch_bytes(const BlockedKernels& kernels, const ConvDesc& desc);
void blocked_conv(const BlockedKernels& kernels, const ConvDesc& desc, const ConvArgs& args,
                  ThreadPool& pool);

}  // namespace ridgeline::kernels::winograd
