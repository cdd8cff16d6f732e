#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"

namespace ridgeline::kernels {

/// Arithmetic on registers only, in enough independent chains to fill the units.
struct ComputeProbe {
  std::string_view precision;
  std::string_view isa;
  bool (*available)(const CpuFeatures& cpu);
  void (*run)(int64_t iterations);
  double flops_per_iteration;
};

/// Streams over memory; `count` is in elements and a multiple of 64.
struct StreamProbe {
  std::string_view isa;
  bool (*available)(const CpuFeatures& cpu);
  uint64_t (*read)(const uint64_t* values, size_t count);
  /// a[i] = b[i] + scale·c[i]; the arrays do not overlap.
  void (*triad)(float* a, const float* b, const float* c, size_t count);
};

/// All probes of this build, whether this CPU can run them or not.
std::span<const ComputeProbe> compute_probes();
/// Best first; the last runs everywhere.
std::span<const StreamProbe> stream_probes();

}  // namespace ridgeline::kernels
