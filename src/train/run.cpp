#include "train/run.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/cpu_features.h"
#include "engine/plugin_host.h"
#include "formats/state_dict.h"
#include "train/starting_point.h"
#include "vision/contract.h"

namespace ridgeline::train {
namespace {

class LoaderSource : public BatchSource {
 public:
  explicit LoaderSource(std::unique_ptr<vision::Loader> loader) : loader_(std::move(loader)) {}
  int64_t batches_per_epoch() const override { return loader_->batches_per_epoch(); }
  Result<std::optional<vision::Batch>> next() override { return loader_->next(); }
  void seek(const vision::LoaderPosition& position) override { loader_->seek(position); }
  std::vector<vision::BadFile> bad_files() const override { return loader_->bad_files(); }

 private:
  std::unique_ptr<vision::Loader> loader_;
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Result<int> number_in(const char* name) {
  const std::string text = variable(name);
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    return invalid_argument("{} is '{}': torchrun sets it to a number", name, text);
  return value;
}

/// Each process has its share of the machine's CPUs, and a GPU of its own, by torchrun's number on the
/// machine.
Status join(TrainConfig& config) {
  int processes_here = 1;
  if (!variable("LOCAL_WORLD_SIZE").empty()) {
    ASSIGN_OR_RETURN(processes_here, number_in("LOCAL_WORLD_SIZE"));
  }
  if (config.learner.threads == 0)
    config.learner.threads = std::max(1, allowed_cpus() / std::max(1, processes_here));
  ASSIGN_OR_RETURN(config.learner.rendezvous, rendezvous_from_environment());
  if (!config.learner.rendezvous) return {};
  const int world_size = config.learner.rendezvous->world_size;
  if (config.batch_size % world_size != 0)
    return invalid_argument("batch_size is {}: {} processes can't share it evenly", config.batch_size,
                            world_size);
  if (!config.learner.device.starts_with("cuda")) return {};
  ASSIGN_OR_RETURN(const int local_rank, number_in("LOCAL_RANK"));
  config.learner.device = fmt::format("cuda:{}", local_rank);
  return {};
}

vision::LoaderConfig loader_config(const TrainConfig& config, const vision::Contract& contract) {
  const auto& rendezvous = config.learner.rendezvous;
  vision::LoaderConfig loader;
  loader.preprocessing = contract.preprocessing;
  loader.classes = static_cast<int>(contract.classes.size());
  loader.rank = rendezvous ? rendezvous->rank : 0;
  loader.world_size = rendezvous ? rendezvous->world_size : 1;
  loader.batch_size = config.batch_size / loader.world_size;
  loader.seed = config.seed;
  loader.threads = config.learner.threads;
  loader.dtype = config.learner.precision == Precision::kBf16 ? DType::kBF16 : DType::kF32;
  return loader;
}

struct Sources {
  LoaderSource training;
  LoaderSource evaluation;
};

Result<Sources> open_sources(const TrainConfig& config, const vision::Contract& contract,
                             const vision::DataFolder& data) {
  constexpr int64_t kMegabyte = 1 << 20;
  vision::LoaderConfig training = loader_config(config, contract);
  training.augmentation = config.augmentation;
  training.label_smoothing = config.label_smoothing;
  training.shuffle = true;
  training.drop_last = static_cast<int64_t>(data.train.files.size()) >= config.batch_size;
  training.cache_bytes = config.cache_mb * kMegabyte;
  ASSIGN_OR_RETURN(auto train, vision::Loader::open(data.train.files, training));
  ASSIGN_OR_RETURN(auto test, vision::Loader::open(data.test.files, loader_config(config, contract)));
  return Sources{LoaderSource(std::move(train)), LoaderSource(std::move(test))};
}

std::map<std::string, std::string> metadata_of(const TrainConfig& config, const vision::Contract& contract) {
  auto metadata = vision::to_metadata(contract);
  metadata[formats::kModelKey] = config.model;
  metadata[formats::kImageSizeKey] = std::to_string(config.image_size);
  return metadata;
}

Result<std::unique_ptr<Learner>> begin_learner(const TrainConfig& config, const StartingPoint& start) {
  LearnerOptions options = config.learner;
  options.frozen = start.frozen;
  ASSIGN_OR_RETURN(auto learner, make_learner(start.graph, options, plugin_directories()));
  for (const auto& [name, count] : start.counters.tensors) RETURN_IF_ERROR(learner->set_state(name, count));
  return learner;
}

}  // namespace

Result<std::optional<Rendezvous>> rendezvous_from_environment() {
  if (variable("WORLD_SIZE").empty()) return std::optional<Rendezvous>();
  Rendezvous rendezvous;
  ASSIGN_OR_RETURN(rendezvous.world_size, number_in("WORLD_SIZE"));
  ASSIGN_OR_RETURN(rendezvous.rank, number_in("RANK"));
  ASSIGN_OR_RETURN(rendezvous.port, number_in("MASTER_PORT"));
  rendezvous.address = variable("MASTER_ADDR");
  if (rendezvous.address.empty())
    return invalid_argument("WORLD_SIZE is set and MASTER_ADDR is not: start the processes with torchrun");
  if (rendezvous.rank >= rendezvous.world_size)
    return invalid_argument("RANK is {} of WORLD_SIZE {}", rendezvous.rank, rendezvous.world_size);
  rendezvous.has_agent = variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
  rendezvous.attempt = variable("TORCHELASTIC_RESTART_COUNT");
  return std::optional(rendezvous);
}

Result<RunResult> run_training(TrainConfig config, const vision::DataFolder& data, TrainObserver& observer,
                               const CancelToken& cancel) {
  RETURN_IF_ERROR(join(config));
  ASSIGN_OR_RETURN(const StartingPoint start, starting_point(config, data.classes().size()));
  for (const std::string& line : start.remarks) observer.remark(line);
  const vision::Contract contract{.preprocessing = start.preprocessing, .classes = data.classes()};
  ASSIGN_OR_RETURN(const auto learner, begin_learner(config, start));
  ASSIGN_OR_RETURN(Sources sources, open_sources(config, contract, data));
  return train({.config = config,
                .classes = data.classes(),
                .images = static_cast<int64_t>(data.train.files.size()),
                .metadata = metadata_of(config, contract),
                .learner = *learner,
                .training = sources.training,
                .evaluation = sources.evaluation,
                .observer = observer,
                .cancel = cancel});
}

}  // namespace ridgeline::train
