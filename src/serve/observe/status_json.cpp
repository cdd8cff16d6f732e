#include "serve/observe/status_json.h"

#include <algorithm>

namespace ridgeline::serve {
namespace {

void add_counts(const ModelReport& report, Json& model) {
  const ModelCounts& counts = report.counts;
  model["pending"] = report.pending;
  model["success"] = counts.success.count;
  model["fail"] = counts.fail.count;
  model["rows"] = counts.inference_count;
  model["executions"] = counts.execution_count;
  model["memory"] = counts.memory.bytes();
  model["ns"] = {{"request", counts.success.ns},
                 {"queue", counts.queue.ns},
                 {"input", counts.compute_input.ns},
                 {"infer", counts.compute_infer.ns},
                 {"output", counts.compute_output.ns}};
  model["latency"] = counts.request_histogram.counts;
  model["batches"] = Json::object();
  for (const auto& [rows, tally] : counts.batches)
    model["batches"][std::to_string(rows)] = tally.compute_infer.count;
  model["closed"] = Json::object();
  for (size_t i = 0; i < counts.closes.size(); ++i)
    model["closed"][std::string(kCloseReasonNames[i])] = counts.closes[i];
}

}  // namespace

Json status_json(std::span<const wire::http::IndexEntry> index, std::span<const ModelReport> reports,
                 const MachineUse& machine) {
  Json models = Json::array();
  for (const wire::http::IndexEntry& entry : index) {
    Json model = {
        {"name", entry.name}, {"version", entry.version}, {"state", entry.state}, {"reason", entry.reason}};
    const auto report = std::ranges::find_if(reports, [&entry](const ModelReport& candidate) {
      return candidate.name == entry.name && candidate.version == entry.version;
    });
    if (report != reports.end()) add_counts(*report, model);
    models.push_back(std::move(model));
  }
  return {{"bounds_us", LatencyHistogram::kBoundsUs},
          {"machine",
           {{"cpu", machine.cpu_utilization},
            {"memory_used", machine.memory_used_bytes},
            {"memory_total", machine.memory_total_bytes}}},
          {"models", std::move(models)}};
}

}  // namespace ridgeline::serve
