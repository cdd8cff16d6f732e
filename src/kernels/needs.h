#pragma once

#include "base/cpu_features.h"
#include "base/status.h"

namespace ridgeline::kernels {

/// Ok, or what this CPU lacks for a set of kernels.
using Needs = Status (*)(const CpuFeatures& cpu);

inline Status needs_avx512(const CpuFeatures& cpu) {
  return cpu.avx512f ? Status() : unsupported("needs avx512f");
}

inline Status needs_avx2(const CpuFeatures& cpu) {
  return cpu.avx2 && cpu.fma ? Status() : unsupported("needs avx2 and fma");
}

}  // namespace ridgeline::kernels
