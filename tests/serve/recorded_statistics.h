#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "serve/observe/model_report.h"
#include "serve/observe/statistics.h"

namespace ridgeline::serve {

inline std::string recorded_text(const std::string& name) {
  return read_file(std::string(SERVE_TEST_DATA) + "/recorded/" + name).value();
}

/// `total` as `parts` durations that add up to it.
inline std::vector<Nanos> spread(int64_t total, int64_t parts) {
  std::vector<Nanos> durations;
  for (int64_t i = 0; i < parts; ++i) durations.emplace_back(total / parts + (i < total % parts ? 1 : 0));
  return durations;
}

/// The durations of `executions` of which the first `answered` succeeded, so that all, and those, take as
/// long as was recorded.
inline std::vector<Nanos> compute_durations(int64_t all_ns, int64_t answered_ns, int64_t executions,
                                            int64_t answered) {
  if (answered == executions) return spread(all_ns, executions);
  std::vector<Nanos> durations = spread(answered_ns, answered);
  const std::vector<Nanos> failed = spread(all_ns - answered_ns, executions - answered);
  durations.insert(durations.end(), failed.begin(), failed.end());
  return durations;
}

/// Does to a model what was done to the recorded one, one request in each execution, and reports it.
inline ModelReport replay(const Json& recorded) {
  const auto ns_of = [](const Json& stats, const char* key) { return stats[key]["ns"].get<int64_t>(); };
  const Json& stats = recorded["inference_stats"];
  ModelStatistics statistics;
  StatisticsShard& shard = statistics.add_shard();
  auto left = stats["success"]["count"].get<int64_t>();
  const std::vector<Nanos> totals = spread(ns_of(stats, "success"), left);
  const std::vector<Nanos> queues = spread(ns_of(stats, "queue"), left);
  for (const Json& batch : recorded["batch_stats"]) {
    const auto executions = batch["compute_infer"]["count"].get<int64_t>();
    const int64_t answered = std::min(left, executions);
    const auto durations = [&](const char* key) {
      return compute_durations(ns_of(batch, key), ns_of(stats, key), executions, answered);
    };
    const std::vector<Nanos> input = durations("compute_input");
    const std::vector<Nanos> infer = durations("compute_infer");
    const std::vector<Nanos> output = durations("compute_output");
    for (int64_t i = 0; i < executions; ++i) {
      const auto rows = batch["batch_size"].get<int64_t>();
      std::vector<AnsweredRequest> requests;
      if (i < answered) {
        --left;
        requests.push_back({rows, totals[left], queues[left]});
      }
      shard.execution({rows,
                       {input[i], infer[i], output[i]},
                       CloseReason::kIdle,
                       recorded["last_inference"].get<uint64_t>(),
                       requests});
    }
  }
  const auto failures = stats["fail"]["count"].get<int64_t>();
  for (const Nanos total : spread(ns_of(stats, "fail"), failures))
    shard.failure(FailureReason::kBackend, total);
  return {.name = recorded["name"], .version = recorded["version"], .counts = statistics.read()};
}

inline std::vector<ModelReport> replay_all(const std::string& name) {
  std::vector<ModelReport> reports;
  const Json recorded = parse_json(recorded_text(name), name).value();
  for (const Json& model : recorded["model_stats"]) reports.push_back(replay(model));
  return reports;
}

}  // namespace ridgeline::serve
