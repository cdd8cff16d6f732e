#include "kernels/probes/probes.h"

#include <array>

#include "kernels/probes/instruction_sets.h"

namespace ridgeline::kernels {
namespace {

bool everywhere(const CpuFeatures& /*cpu*/) { return true; }
bool has_avx2(const CpuFeatures& cpu) { return cpu.avx2 && cpu.fma; }
bool has_avx512(const CpuFeatures& cpu) { return cpu.avx512f; }

}  // namespace

std::span<const ComputeProbe> compute_probes() {
  static const std::array kProbes = {
      ComputeProbe{"fp32", "generic", everywhere, kGenericLoops.fma, kGenericLoops.fma_flops},
      ComputeProbe{"fp32", "avx2", has_avx2, kAvx2Loops.fma, kAvx2Loops.fma_flops},
      ComputeProbe{"fp32", "avx512", has_avx512, kAvx512Loops.fma, kAvx512Loops.fma_flops},
      ComputeProbe{"fp16", "avx512", [](const CpuFeatures& cpu) { return cpu.avx512_fp16; },
                   kAvx512Fp16Loop.run, kAvx512Fp16Loop.flops},
      ComputeProbe{"bf16", "avx512", [](const CpuFeatures& cpu) { return cpu.avx512_bf16; },
                   kAvx512Bf16Loop.run, kAvx512Bf16Loop.flops},
      ComputeProbe{"bf16", "amx", [](const CpuFeatures& cpu) { return cpu.amx_bf16; }, kAmxBf16Loop.run,
                   kAmxBf16Loop.flops},
      ComputeProbe{"int8", "avx512", [](const CpuFeatures& cpu) { return cpu.avx512_vnni; },
                   kAvx512Int8Loop.run, kAvx512Int8Loop.flops},
      ComputeProbe{"int8", "amx", [](const CpuFeatures& cpu) { return cpu.amx_int8; }, kAmxInt8Loop.run,
                   kAmxInt8Loop.flops},
  };
  return kProbes;
}

std::span<const StreamProbe> stream_probes() {
  static const std::array kProbes = {
      StreamProbe{"avx512", has_avx512, kAvx512Loops.read, kAvx512Loops.triad},
      StreamProbe{"avx2", has_avx2, kAvx2Loops.read, kAvx2Loops.triad},
      StreamProbe{"generic", everywhere, kGenericLoops.read, kGenericLoops.triad},
  };
  return kProbes;
}

}  // namespace ridgeline::kernels
