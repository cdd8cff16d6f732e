#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/status.h"
#include "bench/race.h"

namespace ridgeline::cli {

/// The limits of the devices that a race uses: measured for the CPU, from the vendor's table for GPUs.
class RaceLimits {
 public:
  /// Measures the CPU, or reads what an earlier call has measured, once per thread count.
  static Result<RaceLimits> find(const bench::RaceConfig& config, const CancelToken& cancel);

  bench::Peaks peaks_of(const bench::Cell& cell) const;
  /// {device: {name, source, peak_flops:{precision: …}, bandwidth}}: a CPU's at its largest thread count.
  const Json& devices() const { return devices_; }

 private:
  Json cpu_by_threads_ = Json::object();
  Json devices_ = Json::object();
};

}  // namespace ridgeline::cli
