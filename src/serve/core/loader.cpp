#include "serve/core/loader.h"

#include <random>

#include "serve/config/backends.h"
#include "serve/config/defaults.h"
#include "serve/core/batch_queue.h"
#include "serve/core/ensemble.h"
#include "serve/core/running_model.h"
#include "serve/core/sequence_queue.h"
#include "serve/core/warmup.h"
#include "serve/scheduling/configured.h"

namespace ridgeline::serve {
namespace {

struct PlannedInstance {
  Place place;
  InstanceNeeds needs;
};

/// Every instance of every group, as "model_group_number".
std::vector<PlannedInstance> instances_of(const ModelConfig& config, int threads) {
  std::vector<PlannedInstance> planned;
  for (const InstanceGroup& group : config.instance_groups) {
    if (group.passive) continue;
    const std::vector<int32_t> devices = group.gpus.empty() ? std::vector<int32_t>{0} : group.gpus;
    int number = 0;
    for (const int32_t device : devices)
      for (int32_t i = 0; i < group.count; ++i) {
        PlannedInstance instance;
        instance.place = {.name = fmt::format("{}_{}", group.name, number++),
                          .kind = group.kind,
                          .device = device,
                          .threads = threads};
        instance.needs.device = device;
        if (group.rate_limit) {
          if (group.rate_limit->priority > 0) instance.needs.priority = group.rate_limit->priority;
          for (const RateLimit::Resource& resource : group.rate_limit->resources)
            instance.needs.resources.push_back({resource.name, resource.global, resource.count});
        }
        planned.push_back(std::move(instance));
      }
  }
  return planned;
}

/// Gives back what was asked for at the gate, should loading fail further on.
class Members {
 public:
  explicit Members(ResourceGate& gate) : gate_(&gate) {}
  ~Members() {
    for (const auto& member : members_)
      if (member.gate) gate_->remove(*member.gate);
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  Status add(LoadedModel& model, PlannedInstance planned, std::span<const WarmupRequest> warmups,
             bool limited) {
    ASSIGN_OR_RETURN(auto instance, model.make_instance(planned.place));
    RETURN_IF_ERROR(warm_up(*instance, warmups));
    members_.push_back({.instance = std::move(instance), .gate = std::nullopt});
    if (!limited) return {};
    ASSIGN_OR_RETURN(members_.back().gate, gate_->add(std::move(planned.needs)));
    return {};
  }
  std::vector<InstanceRunner::Member> take() && { return std::exchange(members_, {}); }
  size_t count() const { return members_.size(); }

 private:
  ResourceGate* gate_;
  std::vector<InstanceRunner::Member> members_;
};

void fill_in(ModelFacts& facts, const ModelFolder& folder, int64_t version, ModelConfig config,
             const Surroundings& server) {
  facts.name = folder.name;
  facts.version = std::to_string(version);
  facts.labels = folder.labels;
  facts.decoupled = config.decoupled.value_or(false);
  const bool has_sequences = std::holds_alternative<SequenceBatching>(config.scheduling);
  if (config.response_cache.value_or(false) && !facts.decoupled && !has_sequences) facts.cache = server.cache;
  facts.signature = std::make_shared<const wire::ModelSignature>(signature_of(config));
  facts.config = std::make_shared<const ModelConfig>(std::move(config));
  facts.memory = server.memory;
  std::random_device random;
  facts.bucket_seed = uint64_t{random()} << 32 | random();
  facts.traffic = server.traffic;
  facts.tracer = server.tracer;
  facts.refusals = &facts.statistics.add_shard();
}

Result<std::shared_ptr<Scheduler>> scheduler_for(const ModelConfig& config, const std::string& model_path,
                                                 size_t instances, Watch& watch) {
  const auto* const sequences = std::get_if<SequenceBatching>(&config.scheduling);
  if (sequences == nullptr)
    return std::shared_ptr<Scheduler>(std::make_shared<BatchQueue>(batch_policy_of(config), watch));
  ASSIGN_OR_RETURN(auto inputs, SequenceInputs::make(config, model_path));
  return std::shared_ptr<Scheduler>(std::make_shared<SequenceQueue>(
      sequence_policy_of(config, *sequences, instances), std::move(inputs), watch));
}

/// Nothing is to be waited for: neither other requests nor resources nor the model itself.
bool runs_at_once(const ModelConfig& config, std::span<const InstanceRunner::Member> members) {
  const auto waits = [](const auto& member) { return member.gate || !member.instance->immediate(); };
  return std::holds_alternative<std::monostate>(config.scheduling) && !config.decoupled.value_or(false) &&
         std::ranges::none_of(members, waits);
}

std::vector<NamedShapes> warm_shapes_of(const ModelConfig& config, const Surroundings& server) {
  const auto asked = server.warm->find(config.name);
  return asked == server.warm->end() ? std::vector<NamedShapes>{} : asked->second;
}

Status check_complete(const ModelConfig& config) {
  if (config.inputs.empty())
    return invalid_argument("model '{}' has no input: neither its configuration nor its file names one",
                            config.name);
  if (config.outputs.empty())
    return invalid_argument("model '{}' has no output: neither its configuration nor its file names one",
                            config.name);
  return {};
}

}  // namespace

Result<std::unique_ptr<ServedVersion>> load_version(const ModelFolder& folder, int64_t version, int threads,
                                                    const Surroundings& server) {
  const auto begin = std::chrono::steady_clock::now();
  const ModelConfig& asked = *folder.config;
  const auto backend = server.backends->find(asked.backend);
  if (backend == server.backends->end())
    return invalid_argument("unable to find backend '{}' of model '{}': it is not part of this build",
                            asked.backend, asked.name);
  ASSIGN_OR_RETURN(auto loaded,
                   backend->second->load({.config = asked,
                                          .model_path = folder.path,
                                          .version = version,
                                          .version_path = fmt::format("{}/{}", folder.path, version),
                                          .host = server.host,
                                          .warm = warm_shapes_of(asked, server)}));
  ModelConfig config = loaded->config();
  apply_defaults(config);
  RETURN_IF_ERROR(check_complete(config));
  auto model = std::make_unique<RunningModel>(std::move(loaded));
  fill_in(model->facts, folder, version, std::move(config), server);
  const ModelConfig& complete = *model->facts.config;
  ASSIGN_OR_RETURN(const auto warmups, warmup_requests(complete, folder.path));
  Members members(*server.gate);
  for (PlannedInstance& planned : instances_of(complete, threads))
    RETURN_IF_ERROR(members.add(model->model(), std::move(planned), warmups, server.rate_limited));
  if (members.count() == 0)
    return invalid_argument("model '{}' has no instance: every instance_group is passive", complete.name);
  ASSIGN_OR_RETURN(std::shared_ptr<Scheduler> scheduler,
                   scheduler_for(complete, folder.path, members.count(), *server.watch));
  auto ready = std::move(members).take();
  if (runs_at_once(complete, ready))
    model->start_immediate(std::move(ready), *server.gate);
  else
    model->start(std::move(scheduler), std::move(ready), *server.gate,
                 batch_policy_of(complete).preserve_ordering);
  model->load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return std::unique_ptr<ServedVersion>(std::move(model));
}

std::unique_ptr<ServedVersion> make_ensemble(const ModelFolder& folder, int64_t version, const Models& models,
                                             const Surroundings& server) {
  auto ensemble = std::make_unique<EnsembleModel>(models);
  fill_in(ensemble->facts, folder, version, *folder.config, server);
  return ensemble;
}

}  // namespace ridgeline::serve
