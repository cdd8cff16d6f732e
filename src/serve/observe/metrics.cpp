#include "serve/observe/metrics.h"

#include "serve/observe/metrics_page.h"

namespace ridgeline::serve {
namespace {

using Labels = MetricLabels;
using Models = std::span<const ModelReport>;

Labels labels_of(const ModelReport& model) {
  Labels labels;
  for (const auto& [tag, value] : model.tags) labels["_" + tag] = value;
  labels["model"] = model.name;
  labels["version"] = model.version;
  return labels;
}

Labels with(Labels labels, std::string_view label, std::string_view value) {
  labels[std::string(label)] = value;
  return labels;
}

struct CounterFamily {
  const char* name;
  const char* help;
  uint64_t (*value)(const ModelCounts&);
};

constexpr CounterFamily kCounters[] = {
    {"nv_inference_count", "Number of inferences performed (does not include cached requests)",
     [](const ModelCounts& counts) { return counts.inference_count; }},
    {"nv_inference_exec_count", "Number of model executions performed (does not include cached requests)",
     [](const ModelCounts& counts) { return counts.execution_count; }},
    {"nv_inference_request_duration_us",
     "Cumulative inference request duration in microseconds (includes cached requests)",
     [](const ModelCounts& counts) { return counts.success.ns / 1000; }},
    {"nv_inference_queue_duration_us",
     "Cumulative inference queuing duration in microseconds (includes cached requests)",
     [](const ModelCounts& counts) { return counts.queue.ns / 1000; }},
    {"nv_inference_compute_input_duration_us",
     "Cumulative compute input duration in microseconds (does not include cached requests)",
     [](const ModelCounts& counts) { return counts.compute_input.ns / 1000; }},
    {"nv_inference_compute_infer_duration_us",
     "Cumulative compute inference duration in microseconds (does not include cached requests)",
     [](const ModelCounts& counts) { return counts.compute_infer.ns / 1000; }},
    {"nv_inference_compute_output_duration_us",
     "Cumulative inference compute output duration in microseconds (does not include cached requests)",
     [](const ModelCounts& counts) { return counts.compute_output.ns / 1000; }},
};

constexpr CounterFamily kCacheCounters[] = {
    {"nv_cache_num_hits_per_model", "Number of cache hits per model",
     [](const ModelCounts& counts) { return counts.cache_hit.count; }},
    {"nv_cache_hit_duration_per_model", "Total cache hit duration per model, in microseconds",
     [](const ModelCounts& counts) { return counts.cache_hit.ns / 1000; }},
    {"nv_cache_num_misses_per_model", "Number of cache misses per model",
     [](const ModelCounts& counts) { return counts.cache_miss.count; }},
    {"nv_cache_miss_duration_per_model",
     "Total cache miss (insert+lookup) duration per model, in microseconds",
     [](const ModelCounts& counts) { return counts.cache_miss.ns / 1000; }},
};

struct HistogramFamily {
  const char* name;
  const char* help;
  LatencyHistogram ModelCounts::* histogram;
};

constexpr HistogramFamily kHistograms[] = {
    {"nv_inference_request_duration_histogram_us",
     "Inference request duration in microseconds (includes cached requests)",
     &ModelCounts::request_histogram},
    {"nv_inference_queue_duration_histogram_us",
     "Inference queuing duration in microseconds (includes cached requests)", &ModelCounts::queue_histogram},
    {"nv_inference_compute_input_duration_histogram_us",
     "Compute input duration in microseconds (does not include cached requests)",
     &ModelCounts::compute_input_histogram},
    {"nv_inference_compute_infer_duration_histogram_us",
     "Compute inference duration in microseconds (does not include cached requests)",
     &ModelCounts::compute_infer_histogram},
    {"nv_inference_compute_output_duration_histogram_us",
     "Compute output duration in microseconds (does not include cached requests)",
     &ModelCounts::compute_output_histogram},
};

void write_requests(Models models, MetricsPage& page) {
  page.family("nv_inference_request_success", "counter",
              "Number of successful inference requests, all batch sizes");
  for (const ModelReport& model : models) page.sample(labels_of(model), model.counts.success.count);
  page.family("nv_inference_request_failure", "counter",
              "Number of failed inference requests, all batch sizes");
  for (const ModelReport& model : models)
    for (size_t i = 0; i < kFailureReasonNames.size(); ++i)
      page.sample(with(labels_of(model), "reason", kFailureReasonNames[i]), model.counts.failures[i]);
}

void write_counters(Models models, std::span<const CounterFamily> families, MetricsPage& page) {
  for (const CounterFamily& family : families) {
    page.family(family.name, "counter", family.help);
    for (const ModelReport& model : models) page.sample(labels_of(model), family.value(model.counts));
  }
}

void write_histograms(Models models, MetricsPage& page) {
  for (const HistogramFamily& family : kHistograms) {
    page.family(family.name, "histogram", family.help);
    for (const ModelReport& model : models) {
      const LatencyHistogram& histogram = model.counts.*family.histogram;
      const Labels labels = labels_of(model);
      uint64_t count = 0;
      for (size_t i = 0; i < histogram.counts.size(); ++i) {
        count += histogram.counts[i];
        const bool last = i == LatencyHistogram::kBoundsUs.size();
        const std::string bound = last ? "+Inf" : std::to_string(LatencyHistogram::kBoundsUs[i]);
        page.sample(with(labels, "le", bound), count, "_bucket");
      }
      page.sample(labels, static_cast<double>(histogram.sum_ns) / 1000, "_sum");
      page.sample(labels, count, "_count");
    }
  }
}

void write_model_gauges(Models models, MetricsPage& page) {
  page.family("nv_inference_pending_request_count", "gauge",
              "Instantaneous number of pending requests awaiting execution per-model.");
  for (const ModelReport& model : models) page.sample(labels_of(model), model.pending);
  page.family("nv_model_load_duration_secs", "gauge", "Model load time in seconds");
  for (const ModelReport& model : models)
    if (model.load_seconds) page.sample(labels_of(model), *model.load_seconds);
}

void write_closes(Models models, MetricsPage& page) {
  page.family("ridgeline_batch_closed_total", "counter", "Number of batches closed, by the reason for it");
  for (const ModelReport& model : models)
    for (size_t i = 0; i < kCloseReasonNames.size(); ++i)
      page.sample(with(labels_of(model), "reason", kCloseReasonNames[i]), model.counts.closes[i]);
}

void write_machine(const MachineUse& machine, MetricsPage& page) {
  // There is no pool of pinned memory; dashboards that ask for it are told so.
  page.family("nv_pinned_memory_pool_total_bytes", "gauge", "Pinned memory pool total memory size, in bytes");
  page.sample({}, 0);
  page.family("nv_pinned_memory_pool_used_bytes", "gauge", "Pinned memory pool used memory size, in bytes");
  page.sample({}, 0);
  page.family("nv_cpu_utilization", "gauge", "CPU utilization rate [0.0 - 1.0]");
  page.sample({}, machine.cpu_utilization);
  page.family("nv_cpu_memory_total_bytes", "gauge", "CPU total memory (RAM), in bytes");
  page.sample({}, machine.memory_total_bytes);
  page.family("nv_cpu_memory_used_bytes", "gauge", "CPU used memory (RAM), in bytes");
  page.sample({}, machine.memory_used_bytes);
}

}  // namespace

std::string metrics_text(std::span<const ModelReport> models, const MachineUse& machine) {
  MetricsPage page;
  write_requests(models, page);
  write_counters(models, kCounters, page);
  write_model_gauges(models, page);
  std::vector<ModelReport> cached;
  for (const ModelReport& model : models)
    if (model.cached) cached.push_back(model);
  if (!cached.empty()) write_counters(cached, kCacheCounters, page);
  write_histograms(models, page);
  write_closes(models, page);
  write_machine(machine, page);
  return page.take();
}

bool is_server_family(std::string_view name) {
  ModelReport every;
  every.cached = true;
  return metrics_text(std::span(&every, 1), {}).find(fmt::format("\n# TYPE {} ", name)) != std::string::npos;
}

}  // namespace ridgeline::serve
