#include "serve/scheduling/configured.h"

#include <algorithm>
#include <set>

namespace ridgeline::serve {
namespace {

/// Ascending, each once; the whole batch where none is named, as Triton completes it.
std::vector<int64_t> preferred_of(const std::vector<int32_t>& sizes, int64_t max_batch_size) {
  const std::set<int64_t> ascending(sizes.begin(), sizes.end());
  if (ascending.empty() && max_batch_size > 0) return {max_batch_size};
  return {ascending.begin(), ascending.end()};
}

void set_dynamic(const DynamicBatching& batching, BatchPolicy& policy) {
  policy.preferred_batch_sizes = preferred_of(batching.preferred_batch_sizes, policy.max_batch_size);
  policy.max_queue_delay = nanos_of_us(batching.max_queue_delay_us);
  policy.preserve_ordering = batching.preserve_ordering;
  policy.priority_levels = batching.priority_levels;
  policy.default_priority_level = batching.default_priority_level;
  policy.default_queue_policy = batching.default_queue_policy.value_or(QueuePolicy{});
  policy.priority_queue_policies = batching.priority_queue_policies;
}

void set_sequences(const SequenceBatching& sequences, BatchPolicy& policy) {
  if (const auto* oldest = std::get_if<OldestStrategy>(&sequences.strategy)) {
    policy.preferred_batch_sizes = preferred_of(oldest->preferred_batch_sizes, policy.max_batch_size);
    policy.max_queue_delay = nanos_of_us(oldest->max_queue_delay_us);
    policy.preserve_ordering = oldest->preserve_ordering;
  } else if (const auto* direct = std::get_if<DirectStrategy>(&sequences.strategy)) {
    policy.max_queue_delay = nanos_of_us(direct->max_queue_delay_us);
  }
}

}  // namespace

BatchPolicy batch_policy_of(const ModelConfig& config) {
  BatchPolicy policy;
  policy.max_batch_size = config.max_batch_size;
  policy.dynamic = !std::holds_alternative<std::monostate>(config.scheduling);
  if (const auto* batching = std::get_if<DynamicBatching>(&config.scheduling)) set_dynamic(*batching, policy);
  if (const auto* sequences = std::get_if<SequenceBatching>(&config.scheduling))
    set_sequences(*sequences, policy);
  return policy;
}

SequencePolicy sequence_policy_of(const ModelConfig& config, const SequenceBatching& sequences,
                                  size_t instances) {
  SequencePolicy policy;
  policy.model = config.name;
  policy.instances = instances;
  if (sequences.max_sequence_idle_us > 0) policy.max_idle = nanos_of_us(sequences.max_sequence_idle_us);
  policy.batching = batch_policy_of(config);
  policy.slots = static_cast<size_t>(std::max(config.max_batch_size, 1));
  if (const auto* oldest = std::get_if<OldestStrategy>(&sequences.strategy)) {
    policy.strategy = SequenceStrategy::kOldest;
    policy.slots = static_cast<size_t>(std::max(oldest->max_candidate_sequences, 1));
  } else if (const auto* direct = std::get_if<DirectStrategy>(&sequences.strategy)) {
    policy.minimum_slot_utilization = direct->minimum_slot_utilization;
  }
  return policy;
}

}  // namespace ridgeline::serve
