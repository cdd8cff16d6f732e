#pragma once

#include <span>

#include "base/json.h"
#include "serve/observe/machine.h"
#include "serve/observe/model_report.h"
#include "wire/http/metadata.h"

namespace ridgeline::serve {

/// What the status page asks for: {bounds_us, machine:{cpu, memory_used, memory_total}, models:[{name,
/// version, state, reason, …}]}. A model that has a report also has its counts since it was loaded: pending,
/// success, fail, rows, executions, sums of time in ns {request, queue, input, infer, output}, latency (by
/// bounds_us, and above), batches and closed (by name).
Json status_json(std::span<const wire::http::IndexEntry> index, std::span<const ModelReport> reports,
                 const MachineUse& machine);

}  // namespace ridgeline::serve
