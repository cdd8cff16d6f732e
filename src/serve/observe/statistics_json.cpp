#include "serve/observe/model_report.h"

namespace ridgeline::serve {
namespace {

Json json_of(const Tally& tally) { return {{"count", tally.count}, {"ns", tally.ns}}; }

Json inference_stats_of(const ModelCounts& counts) {
  return {{"success", json_of(counts.success)},
          {"fail", json_of(counts.fail)},
          {"queue", json_of(counts.queue)},
          {"compute_input", json_of(counts.compute_input)},
          {"compute_infer", json_of(counts.compute_infer)},
          {"compute_output", json_of(counts.compute_output)},
          {"cache_hit", json_of(counts.cache_hit)},
          {"cache_miss", json_of(counts.cache_miss)}};
}

Json response_stats_of(const ModelCounts& counts) {
  Json stats = Json::object();
  for (const auto& [number, tally] : counts.responses)
    stats[std::to_string(number)] = {{"compute_infer", json_of(tally.compute_infer)},
                                     {"compute_output", json_of(tally.compute_output)},
                                     {"success", json_of(tally.success)},
                                     {"fail", json_of(tally.fail)},
                                     {"empty_response", json_of(tally.empty_response)},
                                     {"cancel", json_of(tally.cancel)}};
  return stats;
}

Json batch_stats_of(const ModelCounts& counts) {
  Json stats = Json::array();
  for (const auto& [rows, tally] : counts.batches)
    stats.push_back({{"batch_size", rows},
                     {"compute_input", json_of(tally.compute_input)},
                     {"compute_infer", json_of(tally.compute_infer)},
                     {"compute_output", json_of(tally.compute_output)}});
  return stats;
}

Json memory_usage_of(const ModelReport& model) {
  Json usage = Json::array();
  for (const MemoryUsage& memory : model.memory)
    usage.push_back({{"type", memory.type}, {"id", memory.id}, {"byte_size", memory.byte_size}});
  return usage;
}

}  // namespace

Json statistics_json(std::span<const ModelReport> models) {
  Json all = Json::array();
  for (const ModelReport& model : models)
    all.push_back({{"name", model.name},
                   {"version", model.version},
                   {"last_inference", model.counts.last_inference_ms},
                   {"inference_count", model.counts.inference_count},
                   {"execution_count", model.counts.execution_count},
                   {"inference_stats", inference_stats_of(model.counts)},
                   {"response_stats", response_stats_of(model.counts)},
                   {"batch_stats", batch_stats_of(model.counts)},
                   {"memory_usage", memory_usage_of(model)}});
  return {{"model_stats", std::move(all)}};
}

}  // namespace ridgeline::serve
