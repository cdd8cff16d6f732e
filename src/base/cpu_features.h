#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ridgeline {

/// Instruction sets that this CPU has and the operating system saves; an AMX flag also means that the kernel
/// has granted this process the tile registers.
struct CpuFeatures {
  bool avx2 = false;
  bool fma = false;
  bool avx512f = false;
  bool avx512bw = false;
  bool avx512vl = false;
  bool avx512_vbmi = false;
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool avx512_fp16 = false;
  bool amx_tile = false;
  bool amx_bf16 = false;
  bool amx_int8 = false;

  /// "avx2 fma avx512f …", "none" without any.
  std::string to_string() const;
  bool operator==(const CpuFeatures&) const = default;
};

/// What CPU and operating system offer. Asks the kernel for the AMX tile registers.
CpuFeatures detect_cpu_features();

/// `features` without what lies above `level`: "avx512" (no AMX), "avx2" (nor AVX-512) or "ref" (nothing).
Result<CpuFeatures> limit_cpu_features(CpuFeatures features, std::string_view level);

/// detect_cpu_features() under the limit that the environment variable RIDGELINE_CPU sets, if any.
Result<CpuFeatures> usable_cpu_features();

/// CPUs worth of time that a cgroup's `cpu.max` ("150000 100000", "max 100000") grants; none without a quota.
std::optional<double> parse_cpu_quota(std::string_view cpu_max);

/// How many threads can run at once: the affinity mask, under the cgroup's CPU quota rounded down; at
/// least 1.
int allowed_cpus();

}  // namespace ridgeline
