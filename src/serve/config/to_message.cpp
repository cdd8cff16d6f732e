#include "serve/config/messages.h"

namespace ridgeline::serve {
namespace {

template <typename Values, typename Repeated>
void write_list(const Values& values, Repeated* repeated) {
  for (const auto& value : values) repeated->Add(value);
}

template <typename Entries>
void write_map(const std::map<std::string, std::string>& entries, Entries* map) {
  map->insert(entries.begin(), entries.end());
}

template <typename Message>
void write_tensor(const TensorConfig& tensor, Message& message) {
  message.set_name(tensor.name);
  message.set_data_type(type_of(tensor.datatype));
  write_list(tensor.dims, message.mutable_dims());
  if (tensor.reshape) write_list(*tensor.reshape, message.mutable_reshape()->mutable_shape());
}

void write_inputs_and_outputs(const ModelConfig& config, inference::ModelConfig& message) {
  for (const InputConfig& input : config.inputs) {
    auto& to = *message.add_input();
    write_tensor(input, to);
    to.set_format(static_cast<inference::ModelInput::Format>(input.format));
    to.set_allow_ragged_batch(input.allow_ragged_batch);
    to.set_optional(input.optional);
  }
  for (const OutputConfig& output : config.outputs) {
    auto& to = *message.add_output();
    write_tensor(output, to);
    to.set_label_filename(output.label_filename);
  }
}

void write_policy(const VersionPolicy& policy, inference::ModelVersionPolicy& message) {
  if (const auto* latest = std::get_if<LatestVersions>(&policy))
    message.mutable_latest()->set_num_versions(latest->count);
  else if (const auto* specific = std::get_if<SpecificVersions>(&policy))
    write_list(specific->versions, message.mutable_specific()->mutable_versions());
  else
    message.mutable_all();
}

inference::ModelQueuePolicy message_of(const QueuePolicy& policy) {
  inference::ModelQueuePolicy message;
  message.set_timeout_action(static_cast<inference::ModelQueuePolicy::TimeoutAction>(policy.timeout_action));
  message.set_default_timeout_microseconds(policy.default_timeout_us);
  message.set_allow_timeout_override(policy.allow_timeout_override);
  message.set_max_queue_size(policy.max_queue_size);
  return message;
}

void write_batching(const DynamicBatching& batching, inference::ModelDynamicBatching& message) {
  write_list(batching.preferred_batch_sizes, message.mutable_preferred_batch_size());
  message.set_max_queue_delay_microseconds(batching.max_queue_delay_us);
  message.set_preserve_ordering(batching.preserve_ordering);
  message.set_priority_levels(batching.priority_levels);
  message.set_default_priority_level(batching.default_priority_level);
  if (batching.default_queue_policy)
    *message.mutable_default_queue_policy() = message_of(*batching.default_queue_policy);
  for (const auto& [level, policy] : batching.priority_queue_policies)
    (*message.mutable_priority_queue_policy())[level] = message_of(policy);
}

void write_state(const SequenceState& state, inference::ModelSequenceBatching::State& message) {
  message.set_input_name(state.input_name);
  message.set_output_name(state.output_name);
  message.set_data_type(type_of(state.datatype));
  write_list(state.dims, message.mutable_dims());
  message.set_use_same_buffer_for_input_output(state.use_same_buffer_for_input_output);
  message.set_use_growable_memory(state.use_growable_memory);
  for (const InitialState& initial : state.initial_states) {
    auto& to = *message.add_initial_state();
    to.set_name(initial.name);
    to.set_data_type(type_of(initial.datatype));
    write_list(initial.dims, to.mutable_dims());
    if (!initial.data_file.empty())
      to.set_data_file(initial.data_file);
    else if (initial.zero_data)
      to.set_zero_data(true);
  }
}

void write_strategy(const SequenceBatching& sequences, inference::ModelSequenceBatching& message) {
  if (const auto* direct = std::get_if<DirectStrategy>(&sequences.strategy)) {
    message.mutable_direct()->set_max_queue_delay_microseconds(direct->max_queue_delay_us);
    message.mutable_direct()->set_minimum_slot_utilization(direct->minimum_slot_utilization);
  } else if (const auto* oldest = std::get_if<OldestStrategy>(&sequences.strategy)) {
    auto& to = *message.mutable_oldest();
    to.set_max_candidate_sequences(oldest->max_candidate_sequences);
    write_list(oldest->preferred_batch_sizes, to.mutable_preferred_batch_size());
    to.set_max_queue_delay_microseconds(oldest->max_queue_delay_us);
    to.set_preserve_ordering(oldest->preserve_ordering);
  }
}

void write_sequences(const SequenceBatching& sequences, inference::ModelSequenceBatching& message) {
  write_strategy(sequences, message);
  message.set_max_sequence_idle_microseconds(sequences.max_sequence_idle_us);
  for (const ControlInput& input : sequences.control_inputs) {
    auto& to = *message.add_control_input();
    to.set_name(input.name);
    for (const SequenceControl& control : input.controls) {
      auto& written = *to.add_control();
      written.set_kind(static_cast<inference::ModelSequenceBatching::Control::Kind>(control.kind));
      write_list(control.int32_false_true, written.mutable_int32_false_true());
      write_list(control.fp32_false_true, written.mutable_fp32_false_true());
      write_list(control.bool_false_true, written.mutable_bool_false_true());
      written.set_data_type(type_of(control.datatype));
    }
  }
  for (const SequenceState& state : sequences.states) write_state(state, *message.add_state());
  message.set_iterative_sequence(sequences.iterative);
}

void write_ensemble(const Ensemble& ensemble, inference::ModelEnsembling& message) {
  message.set_max_inflight_requests(ensemble.max_inflight_requests);
  for (const EnsembleStep& step : ensemble.steps) {
    auto& to = *message.add_step();
    to.set_model_name(step.model);
    to.set_model_version(step.version);
    write_map(step.input_map, to.mutable_input_map());
    write_map(step.output_map, to.mutable_output_map());
    to.set_model_namespace(step.model_namespace);
  }
}

void write_scheduling(const Scheduling& scheduling, inference::ModelConfig& message) {
  if (const auto* batching = std::get_if<DynamicBatching>(&scheduling))
    write_batching(*batching, *message.mutable_dynamic_batching());
  else if (const auto* sequences = std::get_if<SequenceBatching>(&scheduling))
    write_sequences(*sequences, *message.mutable_sequence_batching());
  else if (const auto* ensemble = std::get_if<Ensemble>(&scheduling))
    write_ensemble(*ensemble, *message.mutable_ensemble_scheduling());
}

void write_group(const InstanceGroup& group, inference::ModelInstanceGroup& message) {
  message.set_name(group.name);
  message.set_kind(static_cast<inference::ModelInstanceGroup::Kind>(group.kind));
  message.set_count(group.count);
  write_list(group.gpus, message.mutable_gpus());
  message.set_passive(group.passive);
  message.set_host_policy(group.host_policy);
  if (!group.rate_limit) return;
  message.mutable_rate_limiter()->set_priority(group.rate_limit->priority);
  for (const RateLimit::Resource& resource : group.rate_limit->resources) {
    auto& to = *message.mutable_rate_limiter()->add_resources();
    to.set_name(resource.name);
    to.set_global(resource.global);
    to.set_count(resource.count);
  }
}

void write_warmup(const Warmup& warmup, inference::ModelWarmup& message) {
  message.set_name(warmup.name);
  message.set_batch_size(warmup.batch_size);
  message.set_count(warmup.count);
  for (const auto& [name, input] : warmup.inputs) {
    auto& to = (*message.mutable_inputs())[name];
    to.set_data_type(type_of(input.datatype));
    write_list(input.dims, to.mutable_dims());
    if (input.data == WarmupData::kZero) to.set_zero_data(true);
    if (input.data == WarmupData::kRandom) to.set_random_data(true);
    if (input.data == WarmupData::kFile) to.set_input_data_file(input.file);
  }
}

void write_metrics(const std::vector<MetricControl>& controls, inference::ModelMetrics& message) {
  for (const MetricControl& control : controls) {
    auto& to = *message.add_metric_control();
    to.mutable_metric_identifier()->set_family(control.family);
    if (control.buckets) write_list(*control.buckets, to.mutable_histogram_options()->mutable_buckets());
  }
}

void write_extras(const ModelConfig& config, inference::ModelConfig& message) {
  for (const auto& [key, value] : config.parameters)
    (*message.mutable_parameters())[key].set_string_value(value);
  for (const Warmup& warmup : config.warmups) write_warmup(warmup, *message.add_model_warmup());
  if (config.decoupled) message.mutable_model_transaction_policy()->set_decoupled(*config.decoupled);
  if (config.response_cache) message.mutable_response_cache()->set_enable(*config.response_cache);
  if (config.metric_controls) write_metrics(*config.metric_controls, *message.mutable_model_metrics());
  if (config.is_ensemble()) return;
  auto& optimization = *message.mutable_optimization();
  if (!optimization.has_input_pinned_memory()) optimization.mutable_input_pinned_memory()->set_enable(true);
  if (!optimization.has_output_pinned_memory()) optimization.mutable_output_pinned_memory()->set_enable(true);
}

}  // namespace

inference::ModelConfig to_message(const ModelConfig& config) {
  inference::ModelConfig message;
  message.ParseFromString(config.carried);  // our own bytes
  message.set_name(config.name);
  message.set_platform(config.platform);
  message.set_backend(config.backend);
  if (config.version_policy) write_policy(*config.version_policy, *message.mutable_version_policy());
  message.set_max_batch_size(config.max_batch_size);
  write_inputs_and_outputs(config, message);
  write_scheduling(config.scheduling, message);
  for (const InstanceGroup& group : config.instance_groups) write_group(group, *message.add_instance_group());
  message.set_default_model_filename(config.default_model_filename);
  write_map(config.metric_tags, message.mutable_metric_tags());
  write_extras(config, message);
  return message;
}

}  // namespace ridgeline::serve
