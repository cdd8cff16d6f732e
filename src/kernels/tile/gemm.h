#pragma once

#include "kernels/gemm.h"
#include "kernels/tile/micro_kernel.h"

/// Products whose second operand is packed beforehand into strips [column strip][k][columns of a strip].
namespace ridgeline::kernels::tile {

Status accepts_gemm(const GemmDesc& desc);
size_t packed_gemm_bytes(const KernelSet& set, const GemmDesc& desc);
void pack_gemm(const KernelSet& set, const GemmDesc& desc, const float* b, void* packed);
void gemm(const KernelSet& set, const GemmDesc& desc, const GemmArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::tile
