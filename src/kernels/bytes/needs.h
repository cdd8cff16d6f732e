#pragma once

#include "kernels/needs.h"

namespace ridgeline::kernels::bytes {

inline Status needs_avx512_bytes(const CpuFeatures& cpu) {
  return cpu.avx512f && cpu.avx512bw ? Status() : unsupported("needs avx512bw");
}

inline Status needs_avx512_vbmi(const CpuFeatures& cpu) {
  return cpu.avx512_vbmi && cpu.avx512f && cpu.avx512bw ? Status() : unsupported("needs avx512_vbmi");
}

inline Status needs_amx_int8(const CpuFeatures& cpu) {
  return cpu.amx_int8 && cpu.avx512f && cpu.avx512bw ? Status() : unsupported("needs amx_int8");
}

inline Status needs_avx512_vnni(const CpuFeatures& cpu) {
  return cpu.avx512_vnni && cpu.avx512f && cpu.avx512bw ? Status() : unsupported("needs avx512_vnni");
}

}  // namespace ridgeline::kernels::bytes
