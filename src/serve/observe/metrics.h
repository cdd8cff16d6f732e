#pragma once

#include <span>
#include <string>
#include <string_view>

#include "serve/observe/machine.h"
#include "serve/observe/model_report.h"

namespace ridgeline::serve {

/// The answer to /metrics in Prometheus' text format (0.0.4): Triton's nv_* families under their names, the
/// latency histograms that Triton's users have asked for under the names of their proposal, always on, and
/// why batches were closed (ridgeline_batch_closed_total). All of it is in the reports already; no second
/// registry is kept.
std::string metrics_text(std::span<const ModelReport> models, const MachineUse& machine);

/// Whether metrics_text() has a family of that name.
bool is_server_family(std::string_view name);

inline constexpr char kMetricsContentType[] = "text/plain; charset=utf-8";

}  // namespace ridgeline::serve
