#pragma once

#include "base/thread_pool.h"
#include "kernels/gemm.h"

namespace ridgeline::kernels::ref {

/// Sums over k in order, in FP32.
void gemm(const GemmDesc& desc, const GemmArgs& args, ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
