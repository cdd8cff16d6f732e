#include "serve/config/defaults.h"

#include <algorithm>
#include <fmt/format.h>

#include "serve/config/backends.h"

namespace ridgeline::serve {
namespace {

constexpr uint64_t kSequenceIdleUs = 1'000'000;

bool fits(const KnownBackend& backend, const ModelConfig& config,
          const std::set<std::string>& version_files) {
  if (!config.platform.empty()) return backend.platform == config.platform;
  if (backend.default_file.empty()) return false;
  if (!config.default_model_filename.empty()) return backend.default_file == config.default_model_filename;
  return version_files.contains(std::string(backend.default_file));
}

void prefer_full_batches(std::vector<int32_t>& preferred, int32_t max_batch_size) {
  if (preferred.empty() && max_batch_size > 0) preferred.push_back(max_batch_size);
}

void apply_scheduling_defaults(ModelConfig& config) {
  if (auto* batching = std::get_if<DynamicBatching>(&config.scheduling))
    prefer_full_batches(batching->preferred_batch_sizes, config.max_batch_size);
  auto* sequences = std::get_if<SequenceBatching>(&config.scheduling);
  if (sequences == nullptr) return;
  if (sequences->max_sequence_idle_us == 0) sequences->max_sequence_idle_us = kSequenceIdleUs;
  if (auto* oldest = std::get_if<OldestStrategy>(&sequences->strategy))
    prefer_full_batches(oldest->preferred_batch_sizes, config.max_batch_size);
}

void apply_instance_defaults(ModelConfig& config) {
  if (config.instance_groups.empty()) config.instance_groups.push_back({.name = config.name});
  const KnownBackend* backend = known_backend(config.backend);
  for (size_t i = 0; i < config.instance_groups.size(); ++i) {
    InstanceGroup& group = config.instance_groups[i];
    if (group.name.empty()) group.name = fmt::format("{}_{}", config.name, i);
    if (group.kind == InstanceKind::kAuto) group.kind = InstanceKind::kCpu;
    if (group.count < 1)
      group.count =
          group.kind == InstanceKind::kCpu && backend != nullptr ? backend->default_cpu_instances : 1;
  }
}

}  // namespace

void complete_names(ModelConfig& config, const std::string& folder_name,
                    const std::set<std::string>& version_files) {
  if (config.name.empty()) config.name = folder_name;
  if (config.platform == kEnsemblePlatform || config.is_ensemble()) return;
  if (config.backend.empty()) {
    const auto found = std::ranges::find_if(
        known_backends(), [&](const KnownBackend& backend) { return fits(backend, config, version_files); });
    if (found == known_backends().end()) return;
    config.backend = found->name;
  }
  const KnownBackend* backend = known_backend(config.backend);
  if (backend == nullptr) return;
  if (config.platform.empty()) config.platform = backend->platform;
  if (config.default_model_filename.empty()) config.default_model_filename = backend->default_file;
}

void apply_defaults(ModelConfig& config) {
  if (!config.version_policy) config.version_policy = LatestVersions{};
  apply_scheduling_defaults(config);
  if (!config.is_ensemble()) apply_instance_defaults(config);
}

}  // namespace ridgeline::serve
