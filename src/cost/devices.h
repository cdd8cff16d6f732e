#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/measured_peaks.h"
#include "base/status.h"
#include "cost/roofline.h"

namespace ridgeline::cost {

/// A device's limits. Peaks are dense (no structured sparsity), in FLOP/s, or integer operations/s for int8,
/// by precision: "fp32" (plain units, no TF32), "tf32", "fp16", "bf16", "int8".
struct Device {
  std::string name;
  std::map<std::string, double, std::less<>> peak_flops;
  double bytes_per_s = 0;
  double memory_bytes = 0;  ///< 0 for the host
  std::string units;        ///< which units reach the peaks below fp32, e.g. "tensor cores"
  std::string source;       ///< the vendor's document, or how it was measured

  /// kUnsupported, naming the precisions there are, when the device has no peak for `precision`.
  Result<Roof> roof(std::string_view precision) const;
};

/// The table of published devices.
std::span<const Device> published_devices();

/// By our name, its family ("v100" means the most common V100) or the name that NVML reports
/// ("NVIDIA H100 80GB HBM3"); case, spaces, '-' and '_' do not matter. kNotFound lists the names.
Result<Device> find_device(std::string_view name);

/// This machine as it was measured with `threads` threads: at each precision the best instruction set, and
/// DRAM's faster of read and triad. kNotFound when `peaks` lacks that thread count.
Result<Device> host_device(const MeasuredPeaks& peaks, int threads);

}  // namespace ridgeline::cost
