#pragma once

#include <string>

#include "base/cancel.h"
#include "base/cpu_features.h"
#include "base/measured_peaks.h"

namespace ridgeline::kernels {

struct ProbeOptions {
  CpuFeatures cpu;
  int threads = 1;  ///< peaks are measured with one thread and with this many
  CancelToken cancel;
};

/// Runs every probe that `cpu` allows, in some two seconds; of several short windows spread over that time,
/// the best counts. Nothing else should be running. kCancelled when asked to stop.
Result<MeasuredPeaks> measure_peaks(const ProbeOptions& options);

/// The peaks that an earlier call left in the user's cache for this CPU, these features and this thread
/// count, or else measure_peaks(), whose result is kept there. `again` measures in any case, and keeps the
/// best of both: what ran beside the one or the other measurement hides peaks.
Result<MeasuredPeaks> cached_peaks(const ProbeOptions& options, bool again);

/// Where cached_peaks() keeps its file: ${XDG_CACHE_HOME:-~/.cache}/ridgeline/peaks-<fingerprint>.json.
/// kNotFound without a home directory.
Result<std::string> peaks_cache_path(const ProbeOptions& options);

}  // namespace ridgeline::kernels
