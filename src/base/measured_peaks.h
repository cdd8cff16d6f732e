#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace ridgeline {

/// The fastest arithmetic seen with operands in registers. 1 MAC = 2 FLOPs, integer ones too.
struct ComputePeak {
  std::string precision;  ///< "fp32" "fp16" "bf16" "int8"
  std::string isa;        ///< "generic" "avx2" "avx512" "amx"
  int threads = 1;
  double flops_per_s = 0;         ///< of the best window
  double median_flops_per_s = 0;  ///< over all windows: far below the best on a machine with slow spells
};

/// The fastest streaming seen from one level of memory, all threads together.
struct MemoryPeak {
  std::string level;             ///< "L1" "L2" "L3" "DRAM"
  int64_t bytes_per_thread = 0;  ///< working set
  int threads = 1;
  double read_bytes_per_s = 0;
  double triad_bytes_per_s = 0;  ///< a = b + s·c; two reads and one write counted
};

/// What the probes found on this machine. Plain data; rates are per second.
struct MeasuredPeaks {
  std::string cpu;       ///< model, stepping and caches
  std::string features;  ///< the instruction sets that were allowed
  int threads = 1;       ///< the largest thread count measured
  std::string method;
  std::vector<ComputePeak> compute;
  std::vector<MemoryPeak> memory;

  /// The best over instruction sets; null when nothing was measured at that precision and thread count.
  const ComputePeak* compute_peak(std::string_view precision, int thread_count) const;
  /// Null when that level was not measured at that thread count.
  const MemoryPeak* memory_peak(std::string_view level, int thread_count) const;
  /// Takes over what `other` saw faster: a busy machine hides its peaks, and shows none that it lacks.
  void keep_best(const MeasuredPeaks& other);
};

Json to_json(const MeasuredPeaks& peaks);
/// kInvalidArgument, naming `what`, when a field is missing, of another type, or of another version.
Result<MeasuredPeaks> measured_peaks_from_json(const Json& document, std::string_view what);

}  // namespace ridgeline
