#include "serve/config/validate.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <set>

#include "base/text.h"
#include "serve/config/backends.h"
#include "serve/config/tensor_rules.h"

namespace ridgeline::serve {
namespace {

void validate_backend(const ModelConfig& config, Findings& findings) {
  if (config.platform == kEnsemblePlatform) {
    if (!config.backend.empty()) findings.error("backend", "an ensemble has no backend: remove it");
    return;
  }
  if (config.is_ensemble()) {
    findings.error("ensemble_scheduling",
                   "ensemble scheduling needs the ensemble platform: add platform: \"ensemble\"");
    return;
  }
  std::vector<std::string_view> served;
  for (const KnownBackend& backend : known_backends())
    if (backend.refusal.empty()) served.push_back(backend.name);
  const KnownBackend* backend = known_backend(config.backend);
  if (config.backend.empty() && config.platform.empty())
    findings.error("", "no backend is named and no model file tells one: add backend: \"…\", one of " +
                           fmt::format("{}", fmt::join(served, ", ")));
  else if (config.backend.empty())
    findings.error("platform", fmt::format("unexpected platform type '{}': name a backend instead, one of {}",
                                           config.platform, fmt::join(served, ", ")));
  else if (backend == nullptr)
    findings.error("backend", fmt::format("unknown backend '{}': served are {}", config.backend,
                                          fmt::join(served, ", ")));
  else if (!backend->refusal.empty())
    findings.error("backend", fmt::format("backend '{}' {}", config.backend, backend->refusal));
  else if (config.platform != backend->platform)
    findings.error("platform", fmt::format("unexpected 'platform' and 'backend' pair, got: {}, {}: remove "
                                           "the platform",
                                           config.platform, config.backend));
}

void validate_parameters(const ModelConfig& config, Findings& findings) {
  const Result<std::optional<int>> threads = threads_asked(config);
  if (!threads.ok()) findings.error("parameters", threads.status().message());
  const Result<Isolation> isolation = isolation_asked(config);
  if (!isolation.ok())
    findings.error(fmt::format("parameters[{}]", kIsolationKey), isolation.status().message());
}

void validate_preferred(const std::vector<int32_t>& sizes, const ModelConfig& config, std::string_view path,
                        Findings& findings) {
  for (const int32_t size : sizes) {
    if (size <= 0) findings.error(path, fmt::format("preferred batch size must be positive, not {}", size));
    if (size > config.max_batch_size)
      findings.error(path, fmt::format("preferred batch size must be <= max batch size: {} is more than {}",
                                       size, config.max_batch_size));
  }
}

bool delays(const QueuePolicy& policy) {
  return policy.default_timeout_us != 0 && policy.timeout_action == TimeoutAction::kDelay;
}

void validate_ordering(const DynamicBatching& batching, Findings& findings) {
  const std::string_view path = "dynamic_batching.preserve_ordering";
  if (!batching.preserve_ordering) return;
  if (batching.priority_levels > 1)
    findings.error(path, "only one priority level is allowed when 'preserve_ordering' is true");
  const bool delayed = std::ranges::any_of(batching.priority_queue_policies,
                                           [](const auto& entry) { return delays(entry.second); });
  if (delayed || (batching.default_queue_policy && delays(*batching.default_queue_policy)))
    findings.error(path,
                   "a queue policy cannot have DELAY as timeout action when 'preserve_ordering' is true");
}

void validate_batching(const DynamicBatching& batching, const ModelConfig& config, Findings& findings) {
  validate_preferred(batching.preferred_batch_sizes, config, "dynamic_batching.preferred_batch_size",
                     findings);
  if (config.max_batch_size == 0)
    findings.warning("dynamic_batching",
                     "nothing is batched where max_batch_size is 0: set it to the largest batch");
  const uint64_t levels = batching.priority_levels;
  const auto in_range = [&](uint64_t level) { return level >= 1 && level <= levels; };
  if (levels != 0 && !in_range(batching.default_priority_level))
    findings.error("dynamic_batching.default_priority_level",
                   fmt::format("default priority level must be in range [1, {}], not {}", levels,
                               batching.default_priority_level));
  for (const auto& [level, policy] : batching.priority_queue_policies)
    if (levels != 0 && !in_range(level))
      findings.error(
          fmt::format("dynamic_batching.priority_queue_policy[{}]", level),
          fmt::format("priority queue policy must have a priority level in range [1, {}]", levels));
  validate_ordering(batching, findings);
}

void validate_control(const ControlInput& input, const SequenceControl& control, const std::string& path,
                      Findings& findings) {
  if (control.kind == ControlKind::kCorrelationId) {
    constexpr DType kAllowed[] = {DType::kU64, DType::kI64, DType::kU32, DType::kI32, DType::kString};
    if (!control.datatype || std::ranges::find(kAllowed, *control.datatype) == std::end(kAllowed))
      findings.error(path, fmt::format("control '{}': the correlation id's data_type must be TYPE_UINT64, "
                                       "TYPE_INT64, TYPE_UINT32, TYPE_INT32 or TYPE_STRING",
                                       input.name));
    return;
  }
  const std::vector<size_t> sizes = {control.int32_false_true.size(), control.fp32_false_true.size(),
                                     control.bool_false_true.size()};
  const auto given = std::ranges::count_if(sizes, [](size_t size) { return size > 0; });
  if (given != 1 || std::ranges::max(sizes) != 2)
    findings.error(path, fmt::format("control '{}' needs two values, false and true, in one of "
                                     "int32_false_true, fp32_false_true, bool_false_true",
                                     input.name));
}

void validate_sequences(const SequenceBatching& sequences, const ModelConfig& config, Findings& findings) {
  if (config.response_cache.value_or(false))
    findings.error("response_cache", "the response cache does not hold sequences: disable one of both");
  std::set<ControlKind> kinds;
  for (size_t i = 0; i < sequences.control_inputs.size(); ++i) {
    const ControlInput& input = sequences.control_inputs[i];
    const std::string path = fmt::format("sequence_batching.control_input[{}]", i);
    if (input.name.empty()) findings.error(path, "a control input must specify 'name'");
    for (const SequenceControl& control : input.controls) {
      if (!kinds.insert(control.kind).second)
        findings.error(path, fmt::format("control '{}' is the second of its kind", input.name));
      validate_control(input, control, path, findings);
    }
  }
  if (const auto* oldest = std::get_if<OldestStrategy>(&sequences.strategy))
    validate_preferred(oldest->preferred_batch_sizes, config, "sequence_batching.oldest.preferred_batch_size",
                       findings);
  const auto* direct = std::get_if<DirectStrategy>(&sequences.strategy);
  if (direct != nullptr && !(direct->minimum_slot_utilization >= 0 && direct->minimum_slot_utilization <= 1))
    findings.error("sequence_batching.direct.minimum_slot_utilization",
                   "minimum slot utilization must be in range [0, 1]");
}

void validate_groups(const ModelConfig& config, Findings& findings) {
  for (size_t i = 0; i < config.instance_groups.size(); ++i) {
    const InstanceGroup& group = config.instance_groups[i];
    const std::string path = fmt::format("instance_group[{}]", i);
    if (config.platform == kEnsemblePlatform)
      findings.error(path, "instance group should not be specified for an ensemble: remove it");
    else if (group.kind == InstanceKind::kGpu)
      findings.error(path + ".kind",
                     fmt::format("instance group {} has kind KIND_GPU but no GPU is served here: use "
                                 "KIND_CPU or KIND_AUTO",
                                 group.name));
    else if (!group.gpus.empty())
      findings.error(path + ".gpus",
                     fmt::format("instance group {} specifies GPUs but does not run on them: remove 'gpus'",
                                 group.name));
  }
}

void validate_warmups(const ModelConfig& config, Findings& findings) {
  for (size_t i = 0; i < config.warmups.size(); ++i) {
    const Warmup& warmup = config.warmups[i];
    const std::string path = fmt::format("model_warmup[{}]", i);
    if (config.platform == kEnsemblePlatform)
      findings.error(path, "model_warmup cannot be specified for an ensemble: warm its models up");
    if (static_cast<int64_t>(warmup.batch_size) > std::max(config.max_batch_size, 1))
      findings.error(path + ".batch_size", fmt::format("warm-up batch {} is more than max_batch_size {}",
                                                       warmup.batch_size, config.max_batch_size));
    for (const auto& [name, input] : warmup.inputs) {
      const std::string input_path = fmt::format("{}.inputs[{}]", path, name);
      if (std::ranges::find(config.inputs, name, &InputConfig::name) == config.inputs.end())
        findings.error(input_path, fmt::format("warm-up of '{}', which is no input of the model", name));
      if (input.data == WarmupData::kUnsaid)
        findings.error(input_path, fmt::format("warm-up of '{}' must specify one of zero_data, random_data, "
                                               "input_data_file",
                                               name));
      if (input.data == WarmupData::kFile && !stays_within(input.file))
        findings.error(input_path, fmt::format("'{}' leaves the model's folder", input.file));
    }
  }
}

void validate_metrics(const ModelConfig& config, Findings& findings) {
  if (!config.metric_controls) return;
  for (size_t i = 0; i < config.metric_controls->size(); ++i) {
    const MetricControl& control = (*config.metric_controls)[i];
    const std::string path = fmt::format("model_metrics.metric_control[{}]", i);
    if (control.family.empty()) findings.error(path, "metric identifier must specify non-empty 'family'");
    if (!control.buckets || control.buckets->empty())
      findings.error(path, "metric control must specify 'histogram_options' with 'buckets'");
    else if (!std::ranges::is_sorted(*control.buckets, std::less_equal<>()))
      findings.error(path, "a histogram's buckets must ascend");
  }
}

void validate_versions(const ModelConfig& config, Findings& findings) {
  const auto* specific =
      config.version_policy ? std::get_if<SpecificVersions>(&*config.version_policy) : nullptr;
  if (specific != nullptr && specific->versions.empty())
    findings.error("version_policy.specific", "the version policy names no version");
  const auto* latest = config.version_policy ? std::get_if<LatestVersions>(&*config.version_policy) : nullptr;
  if (latest != nullptr && latest->count == 0)
    findings.error("version_policy.latest", "the version policy keeps 0 versions: set num_versions");
}

void validate_files(const ModelConfig& config, Findings& findings) {
  if (!stays_within(config.default_model_filename))
    findings.error("default_model_filename",
                   fmt::format("'{}' leaves the version's folder", config.default_model_filename));
  for (size_t i = 0; i < config.outputs.size(); ++i)
    if (!stays_within(config.outputs[i].label_filename))
      findings.error(fmt::format("output[{}].label_filename", i),
                     fmt::format("'{}' leaves the model's folder", config.outputs[i].label_filename));
}

}  // namespace

bool stays_within(std::string_view relative_path) {
  if (relative_path.starts_with('/')) return false;
  if (std::ranges::any_of(relative_path, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
    return false;
  return std::ranges::none_of(split(relative_path, '/'), [](std::string_view part) { return part == ".."; });
}

void validate(const ModelConfig& config, Findings& findings) {
  validate_backend(config, findings);
  validate_parameters(config, findings);
  if (config.max_batch_size < 0)
    findings.error("max_batch_size",
                   fmt::format("'max_batch_size' must be non-negative, not {}", config.max_batch_size));
  validate_versions(config, findings);
  validate_tensors(config, findings);
  if (const auto* batching = std::get_if<DynamicBatching>(&config.scheduling))
    validate_batching(*batching, config, findings);
  if (const auto* sequences = std::get_if<SequenceBatching>(&config.scheduling))
    validate_sequences(*sequences, config, findings);
  if (config.platform == kEnsemblePlatform && !config.is_ensemble())
    findings.error("platform", "ensemble scheduling must be set for an ensemble: add ensemble_scheduling");
  if (config.decoupled.value_or(false) && config.response_cache.value_or(false))
    findings.error("response_cache",
                   "the response cache does not hold decoupled models' responses: disable one of both");
  validate_groups(config, findings);
  validate_warmups(config, findings);
  validate_metrics(config, findings);
  validate_files(config, findings);
}

}  // namespace ridgeline::serve
