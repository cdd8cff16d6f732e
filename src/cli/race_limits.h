#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/cancel.h"
#include "base/json.h"
#include "base/status.h"
#include "bench/race.h"
#include "cost/devices.h"

namespace ridgeline::cli {

/// The limits of the devices that a race uses: measured for the CPU, from the vendor's table for GPUs.
class RaceLimits {
 public:
  /// Measures the CPU, or reads what an earlier call has measured, once per thread count.
  static Result<RaceLimits> find(const bench::RaceConfig& config, const CancelToken& cancel);

  bench::Peaks peaks_of(const bench::Cell& cell) const;
  /// What the cell runs on; null for a GPU that the table does not have.
  const cost::Device* device_of(const bench::Cell& cell) const;
  /// {device: {name, source, peak_flops:{precision: …}, bandwidth}}: a CPU's at its largest thread count.
  Json describe() const;

 private:
  std::map<std::pair<std::string, int>, cost::Device>
      devices_;  ///< by device and threads; a GPU's threads are 0
};

}  // namespace ridgeline::cli
