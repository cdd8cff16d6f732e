#include "serve/observe/statistics.h"

namespace ridgeline::serve {

void BatchTally::merge(const BatchTally& other) {
  compute_input.merge(other.compute_input);
  compute_infer.merge(other.compute_infer);
  compute_output.merge(other.compute_output);
}

void ResponseTally::merge(const ResponseTally& other) {
  compute_infer.merge(other.compute_infer);
  compute_output.merge(other.compute_output);
  success.merge(other.success);
  fail.merge(other.fail);
  empty_response.merge(other.empty_response);
  cancel.merge(other.cancel);
}

void ModelCounts::merge(const ModelCounts& other) {
  last_inference_ms = std::max(last_inference_ms, other.last_inference_ms);
  inference_count += other.inference_count;
  execution_count += other.execution_count;
  memory.merge(other.memory);
  for (Tally ModelCounts::* tally :
       {&ModelCounts::success, &ModelCounts::fail, &ModelCounts::queue, &ModelCounts::compute_input,
        &ModelCounts::compute_infer, &ModelCounts::compute_output, &ModelCounts::cache_hit,
        &ModelCounts::cache_miss})
    (this->*tally).merge(other.*tally);
  for (const auto& [rows, tally] : other.batches) batches[rows].merge(tally);
  for (const auto& [number, tally] : other.responses) responses[number].merge(tally);
  for (size_t i = 0; i < failures.size(); ++i) failures[i] += other.failures[i];
  for (size_t i = 0; i < closes.size(); ++i) closes[i] += other.closes[i];
  for (LatencyHistogram ModelCounts::* histogram :
       {&ModelCounts::request_histogram, &ModelCounts::queue_histogram, &ModelCounts::compute_input_histogram,
        &ModelCounts::compute_infer_histogram, &ModelCounts::compute_output_histogram})
    (this->*histogram).merge(other.*histogram);
}

void StatisticsShard::execution(const ExecutionRecord& record) {
  const std::lock_guard lock(mutex_);
  const ComputeTimes& compute = record.compute;
  counts_.last_inference_ms = std::max(counts_.last_inference_ms, record.at_ms);
  ++counts_.execution_count;
  BatchTally& batch = counts_.batches[record.rows];
  batch.compute_input.add(compute.input);
  batch.compute_infer.add(compute.infer);
  batch.compute_output.add(compute.output);
  if (record.reason) ++counts_.closes[static_cast<size_t>(*record.reason)];
  for (const AnsweredRequest& request : record.answered) {
    counts_.inference_count += static_cast<uint64_t>(request.rows);
    counts_.success.add(request.total);
    counts_.queue.add(request.queue);
    counts_.compute_input.add(compute.input);
    counts_.compute_infer.add(compute.infer);
    counts_.compute_output.add(compute.output);
    counts_.request_histogram.observe(request.total);
    counts_.queue_histogram.observe(request.queue);
    counts_.compute_input_histogram.observe(compute.input);
    counts_.compute_infer_histogram.observe(compute.infer);
    counts_.compute_output_histogram.observe(compute.output);
  }
}

void StatisticsShard::holds(const ModelMemory& memory) {
  const std::lock_guard lock(mutex_);
  counts_.memory = memory;
}

void StatisticsShard::failure(FailureReason reason, Nanos total) {
  const std::lock_guard lock(mutex_);
  counts_.fail.add(total);
  ++counts_.failures[static_cast<size_t>(reason)];
}

void StatisticsShard::cache_hit(Nanos total, Nanos queue, Nanos lookup) {
  const std::lock_guard lock(mutex_);
  counts_.success.add(total);
  counts_.queue.add(queue);
  counts_.cache_hit.add(lookup);
  counts_.request_histogram.observe(total);
  counts_.queue_histogram.observe(queue);
}

void StatisticsShard::cache_miss(Nanos spent) {
  const std::lock_guard lock(mutex_);
  counts_.cache_miss.add(spent);
}

void StatisticsShard::response(const ResponseRecord& record) {
  using Outcome = ResponseRecord::Outcome;
  const std::lock_guard lock(mutex_);
  ResponseTally& tally = counts_.responses[record.number];
  const Nanos total = record.infer + record.output.value_or(Nanos{0});
  if (record.outcome == Outcome::kCancel) {
    tally.cancel.add(total);
    return;
  }
  tally.compute_infer.add(record.infer);
  if (record.output) tally.compute_output.add(*record.output);
  Tally& outcome = record.outcome == Outcome::kSuccess ? tally.success
                   : record.outcome == Outcome::kFail  ? tally.fail
                                                       : tally.empty_response;
  outcome.add(total);
}

void StatisticsShard::add_to(ModelCounts& sum) const {
  const std::lock_guard lock(mutex_);
  sum.merge(counts_);
}

StatisticsShard& ModelStatistics::add_shard() {
  const std::lock_guard lock(mutex_);
  return *shards_.emplace_back(std::make_unique<StatisticsShard>());
}

ModelCounts ModelStatistics::read() const {
  const std::lock_guard lock(mutex_);
  ModelCounts sum;
  for (const auto& shard : shards_) shard->add_to(sum);
  return sum;
}

}  // namespace ridgeline::serve
