#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "serve/scheduling/batch_policy.h"
#include "tensor/dtype.h"

/// How a model's requests become batches, as a configuration says it. Field by field what Triton's
/// ModelConfig has; times are microseconds, 0 where a configuration says nothing.
namespace ridgeline::serve {

struct DynamicBatching {
  std::vector<int32_t> preferred_batch_sizes;
  uint64_t max_queue_delay_us = 0;
  bool preserve_ordering = false;
  uint64_t priority_levels = 0;  ///< 1 is the highest; 0: no priorities
  uint64_t default_priority_level = 0;
  std::optional<QueuePolicy> default_queue_policy;
  std::map<uint64_t, QueuePolicy> priority_queue_policies;  ///< by level
  bool operator==(const DynamicBatching&) const = default;
};

enum class ControlKind { kStart, kReady, kEnd, kCorrelationId };

/// A value that the scheduler puts into an input of the model: [false, true] in one of three types, or the
/// correlation id in `datatype`.
struct SequenceControl {
  ControlKind kind = ControlKind::kStart;
  std::vector<int32_t> int32_false_true;
  std::vector<float> fp32_false_true;
  std::vector<bool> bool_false_true;
  std::optional<DType> datatype;
  bool operator==(const SequenceControl&) const = default;
};

struct ControlInput {
  std::string name;
  std::vector<SequenceControl> controls;
  bool operator==(const ControlInput&) const = default;
};

/// What an implicit state is before a sequence's first request.
struct InitialState {
  std::string name;
  std::optional<DType> datatype;
  std::vector<int64_t> dims;
  std::string data_file;   ///< under <model>/initial_state; empty: zeros
  bool zero_data = false;  ///< said in so many words
  bool operator==(const InitialState&) const = default;
};

/// An output that comes back as an input of the sequence's next request.
struct SequenceState {
  std::string input_name;
  std::string output_name;
  std::optional<DType> datatype;
  std::vector<int64_t> dims;
  std::vector<InitialState> initial_states;
  bool use_same_buffer_for_input_output = false;
  bool use_growable_memory = false;
  bool operator==(const SequenceState&) const = default;
};

/// Each sequence holds one slot of the batch until it ends.
struct DirectStrategy {
  uint64_t max_queue_delay_us = 0;
  float minimum_slot_utilization = 0;
  bool operator==(const DirectStrategy&) const = default;
};

/// The oldest requests of any sequence form the batch.
struct OldestStrategy {
  int32_t max_candidate_sequences = 0;
  std::vector<int32_t> preferred_batch_sizes;
  uint64_t max_queue_delay_us = 0;
  bool preserve_ordering = false;
  bool operator==(const OldestStrategy&) const = default;
};

struct SequenceBatching {
  std::variant<std::monostate, DirectStrategy, OldestStrategy> strategy;  ///< neither said: direct
  uint64_t max_sequence_idle_us = 0;
  std::vector<ControlInput> control_inputs;
  std::vector<SequenceState> states;
  bool iterative = false;
  bool operator==(const SequenceBatching&) const = default;
};

struct EnsembleStep {
  std::string model;
  int64_t version = 0;                            ///< -1: the latest
  std::map<std::string, std::string> input_map;   ///< the model's input -> the ensemble's tensor
  std::map<std::string, std::string> output_map;  ///< the model's output -> the ensemble's tensor
  std::string model_namespace;
  bool operator==(const EnsembleStep&) const = default;
};

struct Ensemble {
  std::vector<EnsembleStep> steps;
  uint32_t max_inflight_requests = 0;  ///< 0: no limit
  bool operator==(const Ensemble&) const = default;
};

/// monostate: each request runs alone.
using Scheduling = std::variant<std::monostate, DynamicBatching, SequenceBatching, Ensemble>;

}  // namespace ridgeline::serve
