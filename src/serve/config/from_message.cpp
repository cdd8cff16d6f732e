#include "serve/config/messages.h"

namespace ridgeline::serve {
namespace {

template <typename Values>
auto list_of(const Values& values) {
  return std::vector(values.begin(), values.end());
}

template <typename Entries>
std::map<std::string, std::string> map_of(const Entries& entries) {
  return {entries.begin(), entries.end()};
}

template <typename Message>
void read_tensor(const Message& message, TensorConfig& tensor) {
  tensor.name = message.name();
  tensor.datatype = dtype_of(message.data_type());
  tensor.dims = list_of(message.dims());
  if (message.has_reshape()) tensor.reshape = list_of(message.reshape().shape());
}

InputConfig input_of(const inference::ModelInput& message) {
  InputConfig input;
  read_tensor(message, input);
  input.format = static_cast<InputFormat>(message.format());
  input.allow_ragged_batch = message.allow_ragged_batch();
  input.optional = message.optional();
  return input;
}

OutputConfig output_of(const inference::ModelOutput& message) {
  OutputConfig output;
  read_tensor(message, output);
  output.label_filename = message.label_filename();
  return output;
}

std::optional<VersionPolicy> policy_of(const inference::ModelVersionPolicy& message) {
  switch (message.policy_choice_case()) {
    case inference::ModelVersionPolicy::kLatest:
      return LatestVersions{message.latest().num_versions()};
    case inference::ModelVersionPolicy::kAll:
      return AllVersions{};
    case inference::ModelVersionPolicy::kSpecific:
      return SpecificVersions{list_of(message.specific().versions())};
    default:
      return std::nullopt;
  }
}

QueuePolicy queue_policy_of(const inference::ModelQueuePolicy& message) {
  return {static_cast<TimeoutAction>(message.timeout_action()), message.default_timeout_microseconds(),
          message.allow_timeout_override(), message.max_queue_size()};
}

DynamicBatching batching_of(const inference::ModelDynamicBatching& message) {
  DynamicBatching batching;
  batching.preferred_batch_sizes = list_of(message.preferred_batch_size());
  batching.max_queue_delay_us = message.max_queue_delay_microseconds();
  batching.preserve_ordering = message.preserve_ordering();
  batching.priority_levels = message.priority_levels();
  batching.default_priority_level = message.default_priority_level();
  if (message.has_default_queue_policy())
    batching.default_queue_policy = queue_policy_of(message.default_queue_policy());
  for (const auto& [level, policy] : message.priority_queue_policy())
    batching.priority_queue_policies.emplace(level, queue_policy_of(policy));
  return batching;
}

ControlInput control_input_of(const inference::ModelSequenceBatching::ControlInput& message) {
  ControlInput input{.name = message.name(), .controls = {}};
  for (const auto& control : message.control())
    input.controls.push_back({static_cast<ControlKind>(control.kind()), list_of(control.int32_false_true()),
                              list_of(control.fp32_false_true()), list_of(control.bool_false_true()),
                              dtype_of(control.data_type())});
  return input;
}

SequenceState state_of(const inference::ModelSequenceBatching::State& message) {
  SequenceState state{message.input_name(),
                      message.output_name(),
                      dtype_of(message.data_type()),
                      list_of(message.dims()),
                      {},
                      message.use_same_buffer_for_input_output(),
                      message.use_growable_memory()};
  for (const auto& initial : message.initial_state())
    state.initial_states.push_back({initial.name(), dtype_of(initial.data_type()), list_of(initial.dims()),
                                    initial.data_file(), initial.zero_data()});
  return state;
}

SequenceBatching sequences_of(const inference::ModelSequenceBatching& message) {
  SequenceBatching sequences;
  if (message.has_direct())
    sequences.strategy = DirectStrategy{message.direct().max_queue_delay_microseconds(),
                                        message.direct().minimum_slot_utilization()};
  if (message.has_oldest())
    sequences.strategy = OldestStrategy{
        message.oldest().max_candidate_sequences(), list_of(message.oldest().preferred_batch_size()),
        message.oldest().max_queue_delay_microseconds(), message.oldest().preserve_ordering()};
  sequences.max_sequence_idle_us = message.max_sequence_idle_microseconds();
  for (const auto& input : message.control_input())
    sequences.control_inputs.push_back(control_input_of(input));
  for (const auto& state : message.state()) sequences.states.push_back(state_of(state));
  sequences.iterative = message.iterative_sequence();
  return sequences;
}

Ensemble ensemble_of(const inference::ModelEnsembling& message) {
  Ensemble ensemble{.steps = {}, .max_inflight_requests = message.max_inflight_requests()};
  for (const auto& step : message.step())
    ensemble.steps.push_back({step.model_name(), step.model_version(), map_of(step.input_map()),
                              map_of(step.output_map()), step.model_namespace()});
  return ensemble;
}

Scheduling scheduling_of(const inference::ModelConfig& message) {
  if (message.has_dynamic_batching()) return batching_of(message.dynamic_batching());
  if (message.has_sequence_batching()) return sequences_of(message.sequence_batching());
  if (message.has_ensemble_scheduling()) return ensemble_of(message.ensemble_scheduling());
  return {};
}

InstanceGroup group_of(const inference::ModelInstanceGroup& message) {
  InstanceGroup group{.name = message.name(),
                      .kind = static_cast<InstanceKind>(message.kind()),
                      .count = message.count(),
                      .gpus = list_of(message.gpus()),
                      .passive = message.passive(),
                      .host_policy = message.host_policy()};
  if (!message.has_rate_limiter()) return group;
  group.rate_limit = RateLimit{.resources = {}, .priority = message.rate_limiter().priority()};
  for (const auto& resource : message.rate_limiter().resources())
    group.rate_limit->resources.push_back({resource.name(), resource.global(), resource.count()});
  return group;
}

WarmupData data_of(const inference::ModelWarmup::Input& message) {
  switch (message.input_data_type_case()) {
    case inference::ModelWarmup::Input::kZeroData:
      return WarmupData::kZero;
    case inference::ModelWarmup::Input::kRandomData:
      return WarmupData::kRandom;
    case inference::ModelWarmup::Input::kInputDataFile:
      return WarmupData::kFile;
    default:
      return WarmupData::kUnsaid;
  }
}

Warmup warmup_of(const inference::ModelWarmup& message) {
  Warmup warmup{
      .name = message.name(), .batch_size = message.batch_size(), .inputs = {}, .count = message.count()};
  for (const auto& [name, input] : message.inputs())
    warmup.inputs.emplace(name, WarmupInput{dtype_of(input.data_type()), list_of(input.dims()),
                                            data_of(input), input.input_data_file()});
  return warmup;
}

std::vector<MetricControl> controls_of(const inference::ModelMetrics& message) {
  std::vector<MetricControl> controls;
  for (const auto& control : message.metric_control()) {
    controls.push_back({.family = control.metric_identifier().family(), .buckets = {}});
    if (control.has_histogram_options())
      controls.back().buckets = list_of(control.histogram_options().buckets());
  }
  return controls;
}

/// The fields that ModelConfig has no place for.
std::string carried_of(const inference::ModelConfig& message) {
  inference::ModelConfig carried;
  carried.set_runtime(message.runtime());
  if (message.has_optimization()) *carried.mutable_optimization() = message.optimization();
  *carried.mutable_cc_model_filenames() = message.cc_model_filenames();
  return carried.SerializeAsString();
}

void read_extras(const inference::ModelConfig& message, ModelConfig& config) {
  for (const auto& [key, value] : message.parameters()) config.parameters.emplace(key, value.string_value());
  for (const auto& warmup : message.model_warmup()) config.warmups.push_back(warmup_of(warmup));
  if (message.has_model_transaction_policy())
    config.decoupled = message.model_transaction_policy().decoupled();
  if (message.has_response_cache()) config.response_cache = message.response_cache().enable();
  if (message.has_model_metrics()) config.metric_controls = controls_of(message.model_metrics());
  config.carried = carried_of(message);
}

}  // namespace

ModelConfig from_message(const inference::ModelConfig& message) {
  ModelConfig config;
  config.name = message.name();
  config.platform = message.platform();
  config.backend = message.backend();
  config.version_policy = policy_of(message.version_policy());
  config.max_batch_size = message.max_batch_size();
  for (const auto& input : message.input()) config.inputs.push_back(input_of(input));
  for (const auto& output : message.output()) config.outputs.push_back(output_of(output));
  config.scheduling = scheduling_of(message);
  for (const auto& group : message.instance_group()) config.instance_groups.push_back(group_of(group));
  config.default_model_filename = message.default_model_filename();
  config.metric_tags = map_of(message.metric_tags());
  read_extras(message, config);
  return config;
}

}  // namespace ridgeline::serve
